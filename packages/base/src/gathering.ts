/** Writes what came within a moment together, one write at a time; what was not taken is tried again. */

import type { Clock, Ms, Timer } from "./ports.ts";

export interface GatheringParts {
  readonly clock: Clock;
  /** From the first that comes to the write. */
  readonly gatherMs: Ms;
  /** From a write that was not taken to the next. */
  readonly againMs: Ms;
  readonly isEmpty: () => boolean;
  /** Writes some of what waits. @returns whether it was taken. Never rejects. */
  readonly write: () => Promise<boolean>;
}

export class Gathering {
  readonly #parts: GatheringParts;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: GatheringParts) {
    this.#parts = parts;
  }

  /** Something waits. */
  ring(): void {
    this.#soon(this.#parts.gatherMs);
  }

  /** All that waits is written, if it is taken. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#writing;
    while (!this.#parts.isEmpty() && (await this.#parts.write()));
  }

  #soon(ms: Ms): void {
    if (this.#stopped || this.#timer !== undefined || this.#writing !== undefined) return;
    const { clock, againMs, isEmpty, write } = this.#parts;
    this.#timer = clock.after(ms, () => {
      this.#timer = undefined;
      this.#writing = write().then((isTaken) => {
        this.#writing = undefined;
        if (!isEmpty()) this.#soon(isTaken ? 0 : againMs);
      });
    });
  }
}
