/** A clock that only the test moves, and chance that the test decides. */

import type { Clock, Ms, Ports, Random, Timer } from "@haversack/base";
import { silentLog } from "@haversack/base";

interface Waiting {
  readonly due: Ms;
  readonly call: () => void;
}

export class FakeClock implements Clock {
  #wall = 1_700_000_000_000;
  #monotonic = 1000;
  readonly #waiting = new Set<Waiting>();

  now(): Ms {
    return this.#wall;
  }

  monotonic(): Ms {
    return this.#monotonic;
  }

  after(ms: Ms, call: () => void): Timer {
    const entry = { due: this.#monotonic + ms, call };
    this.#waiting.add(entry);
    return { cancel: () => void this.#waiting.delete(entry) };
  }

  /** Timers that have neither fired nor been cancelled. */
  get timers(): number {
    return this.#waiting.size;
  }

  /** When the next timer is due, from now; undefined: there is none. */
  get nextIn(): Ms | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.due - this.#monotonic;
  }

  /** Both clocks go on; timers fire in the order in which they are due, at their own time. */
  advance(ms: Ms): void {
    const end = this.#monotonic + ms;
    for (let next = this.#next(); next !== undefined && next.due <= end; next = this.#next()) {
      this.#waiting.delete(next);
      this.#to(next.due);
      next.call();
    }
    this.#to(end);
  }

  /** Somebody sets the wall clock. */
  jump(ms: Ms): void {
    this.#wall += ms;
  }

  #to(monotonic: Ms): void {
    this.#wall += Math.max(0, monotonic - this.#monotonic);
    this.#monotonic = Math.max(this.#monotonic, monotonic);
  }

  #next(): Waiting | undefined {
    let first: Waiting | undefined;
    for (const entry of this.#waiting) if (first === undefined || entry.due < first.due) first = entry;
    return first;
  }
}

/** Always the same fraction; ids count. */
export function fakeRandom(fraction = 0.5): Random {
  let count = 0;
  return { fraction: () => fraction, id: () => `id-${String(++count).padStart(8, "0")}` };
}

export const fakePorts = (clock: Clock, random: Random = fakeRandom()): Ports => ({
  clock,
  random,
  log: silentLog,
});

/** Lets everything run that can run without time passing. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Turns the event loop, without waiting, until it is so. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  what = "what is waited for",
): Promise<void> {
  for (let turn = 0; turn < 200_000; turn++) {
    if (await isSo()) return;
    await turns(1);
  }
  throw new Error(`${what} did not come`);
}
