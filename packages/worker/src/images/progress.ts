/**
 * How far a download is. What is shown never goes back, is never made up, and never says 100: only an engine that has the
 * image says so. The rate is that of the last five seconds.
 */

import type { Clock } from "@haversack/base";
import type { ImageProgress } from "@haversack/protocol";
import { type ByteRate, noRate, speedAt, withBytes } from "../runtime/byte-rate.ts";

const percentMax = 99;

export class Meter {
  readonly #clock: Clock;
  readonly #total: number;
  #held: number;
  #shown: number;
  #rate: ByteRate;

  /** @param held bytes that are here already: they count as done, not as speed */
  constructor(clock: Clock, total: number, held: number) {
    this.#clock = clock;
    this.#total = total;
    this.#held = held;
    this.#shown = held;
    this.#rate = withBytes(noRate, clock.monotonic(), 0);
  }

  /** How many are here now in all; fewer than before: it begins again, and what is shown waits. */
  reached(held: number): void {
    const fresh = held - this.#held;
    this.#held = held;
    this.#shown = Math.max(this.#shown, Math.min(held, this.#total));
    if (fresh > 0) this.#rate = withBytes(this.#rate, this.#clock.monotonic(), fresh);
  }

  progress(): ImageProgress {
    const done = this.#shown;
    const total = this.#total;
    const percent = percentOf(done, total);
    return {
      unit: "bytes",
      done,
      total,
      percent,
      ...speedAt(this.#rate, this.#clock.monotonic(), total - done),
    };
  }
}

const percentOf = (done: number, total: number): number =>
  total === 0 ? percentMax : Math.min(percentMax, Math.floor((100 * done) / total));
