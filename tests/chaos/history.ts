/** Who asked for what, when, and what became of it, as it was seen from outside: one line of JSON each. */

import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";

export type Outcome = "ok" | "fail" | "unknown";

export class History {
  readonly path: string;
  readonly #began = performance.now();
  readonly #out: WriteStream;

  constructor(path: string) {
    this.path = path;
    this.#out = createWriteStream(path, { flags: "wx", mode: 0o600 });
  }

  /** Milliseconds after the beginning. */
  sinceMs(): number {
    return Math.round(performance.now() - this.#began);
  }

  note(entry: Readonly<Record<string, unknown>>): void {
    this.#out.write(`${JSON.stringify({ atMs: this.sinceMs(), ...entry })}\n`);
  }

  /** @returns tells how it ended */
  begin(entry: Readonly<Record<string, unknown>>): (outcome: Outcome) => void {
    const startMs = this.sinceMs();
    return (outcome) => this.note({ startMs, ...entry, outcome });
  }

  async close(): Promise<void> {
    this.#out.end();
    await once(this.#out, "finish");
  }
}
