/** One JSON object a line: `{"type":"event",…}` and `{"type":"log",…}`. */

import type { RunEvent } from "@haversack/protocol";
import type { Screen } from "../follow/follow-run.ts";
import type { LogLine } from "../follow/log-lines.ts";
import type { RunPicture } from "../follow/run-picture.ts";
import type { Outside } from "../outside.ts";
import { eventJson, logJson } from "./json.ts";

export class JsonScreen implements Screen {
  readonly #outside: Outside;

  constructor(outside: Outside) {
    this.#outside = outside;
  }

  show(_picture: RunPicture, event?: RunEvent): void {
    if (event !== undefined) this.#say({ type: "event", ...eventJson(event) });
  }

  line(line: LogLine): void {
    this.#say({ type: "log", ...logJson(line) });
  }

  note(text: string): void {
    this.#outside.terminal.err(`${text}\n`);
  }

  end(): void {}

  #say(value: object): void {
    this.#outside.terminal.out(`${JSON.stringify(value)}\n`);
  }
}
