/**
 * How far a download is. What is shown never goes back, is never made up, and never says 100: only an engine that has the
 * image says so. The rate is that of the last five seconds.
 */

import type { Clock, Ms } from "@haversack/base";
import type { ImageProgress } from "@haversack/protocol";

const windowMs = 5000;
/** Sooner it would be a guess. */
const etaAfterMs = 3000;
export const percentMax = 99;

const sampleMs = 100;

interface Sample {
  readonly at: Ms;
  bytes: number;
}

export class Meter {
  readonly #clock: Clock;
  readonly #total: number | undefined;
  readonly #beganAt: Ms;
  #held: number;
  #shown: number;
  #samples: Sample[] = [];

  /** @param held bytes that are here already: they count as done, not as speed */
  constructor(clock: Clock, total: number | undefined, held: number) {
    this.#clock = clock;
    this.#total = total;
    this.#held = held;
    this.#shown = held;
    this.#beganAt = clock.monotonic();
  }

  add(bytes: number): void {
    this.reached(this.#held + bytes);
  }

  /** How many are here now in all; fewer than before: it begins again, and what is shown waits. */
  reached(held: number): void {
    const fresh = held - this.#held;
    this.#held = held;
    this.#shown = Math.max(this.#shown, Math.min(held, this.#total ?? held));
    if (fresh <= 0) return;
    const at = this.#clock.monotonic();
    const last = this.#samples.at(-1);
    if (last !== undefined && at - last.at < sampleMs) last.bytes += fresh;
    else this.#samples.push({ at, bytes: fresh });
  }

  progress(): ImageProgress {
    const done = this.#shown;
    const bytesPerSecond = this.#rate();
    if (this.#total === undefined) return { unit: "bytes", done, ...rateOf(bytesPerSecond) };
    const percent = percentOf(done, this.#total);
    const left = this.#total - done;
    const isSure = this.#clock.monotonic() - this.#beganAt >= etaAfterMs && bytesPerSecond > 0;
    const eta = isSure ? { etaSeconds: Math.ceil(left / bytesPerSecond) } : {};
    return { unit: "bytes", done, total: this.#total, percent, ...rateOf(bytesPerSecond), ...eta };
  }

  #rate(): number {
    const now = this.#clock.monotonic();
    this.#samples = this.#samples.filter(({ at }) => now - at < windowMs);
    const bytes = this.#samples.reduce((sum, sample) => sum + sample.bytes, 0);
    const overMs = Math.min(windowMs, now - this.#beganAt);
    return overMs <= 0 ? 0 : Math.round((bytes * 1000) / overMs);
  }
}

const rateOf = (bytesPerSecond: number): { bytesPerSecond?: number } =>
  bytesPerSecond > 0 ? { bytesPerSecond } : {};

export const percentOf = (done: number, total: number): number =>
  total === 0 ? percentMax : Math.min(percentMax, Math.floor((100 * done) / total));
