/**
 * The outside world as one value. It is made in a `main.ts` and handed down; nothing else reads a clock, draws a
 * random number or prints.
 */

import type { Log } from "./log.ts";

/** Milliseconds, either a length of time or a point of the clock that was asked. */
export type Ms = number;

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. For people and records, never for a decision about a lease. */
  now(): Ms;
  /** Grows steadily while the process lives, whatever happens to the wall clock. */
  monotonic(): Ms;
  /** Calls once, after `ms`. Whoever asks cancels it when it is not needed: it keeps the process alive. */
  after(ms: Ms, call: () => void): Timer;
}

export interface Random {
  /** From 0 (included) to 1 (excluded). */
  fraction(): number;
  /** UUID version 7: ids sort by the time they were made. */
  id(): string;
}

export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
