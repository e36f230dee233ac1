/** Redraws the run in place; what was drawn last stays on the terminal. */

import type { Screen } from "../follow/follow-run.ts";
import type { RunPicture } from "../follow/run-picture.ts";
import type { Outside } from "../outside.ts";
import type { Paint } from "./paint.ts";
import { clip, printable } from "./printable.ts";
import { runView } from "./run-view.ts";

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearBelow = "\u001b[J";
const up = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A\r`);

export class LiveScreen implements Screen {
  readonly #outside: Outside;
  readonly #paint: Paint;
  #drawn: readonly string[] = [];
  #note = "";

  constructor(outside: Outside, paint: Paint) {
    this.#outside = outside;
    this.#paint = paint;
  }

  show(picture: RunPicture): void {
    const { terminal, clock } = this.#outside;
    const size = terminal.size();
    const lines = runView(picture, clock.now(), size, this.#paint);
    if (this.#note !== "") lines.push(this.#paint.bad(clip(this.#note, size.columns - 1)));
    if (lines.join("\n") === this.#drawn.join("\n")) return;
    terminal.out(`${hideCursor}${up(this.#drawn.length)}${clearBelow}${lines.join("\n")}\n`);
    this.#drawn = lines;
  }

  /** The next picture shows it. */
  line(): void {
    this.#note = "";
  }

  note(text: string): void {
    this.#note = `  ${printable(text)}`;
  }

  end(picture: RunPicture): void {
    this.#note = "";
    this.show(picture);
    this.#outside.terminal.out(showCursor);
  }
}
