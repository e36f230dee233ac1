/**
 * The clock that leases are counted on: the wall clock of the start, then only steady time. A wall clock that is set
 * forward or back moves no lease (L5); what was stored before a restart is replaced by fresh trust at the start.
 *
 * Several coordinators on one database must count on one clock: that of the database. Each keeps to it by asking every
 * few seconds and correcting its offset, so that all agree to within the time of a question; a worker's stopwatch leaves
 * more room than that. When the database's clock itself is set, the coordinators notice one after the other: the keeper
 * of leases then gives fresh trust and lets nothing expire until all of them have noticed.
 */

import type { Clock, Ms } from "@haversack/base";
import { type LeaseTimes, leaseTimes } from "../runs/lease.ts";

const slowMs = 2000;
const setMs = 5000;

export class LeaseClock {
  readonly times: LeaseTimes;
  readonly #clock: Clock;
  #offset: Ms;
  #isKept = false;

  constructor(times: LeaseTimes, clock: Clock) {
    this.times = times;
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  static withTtl(ttlMs: Ms, clock: Clock): LeaseClock {
    return new LeaseClock(leaseTimes(ttlMs), clock);
  }

  /**
   * Keeps to a shared clock.
   * @returns whether that clock was set since it was asked before, by more than any question could make it seem
   */
  async keepTo(sharedNow: () => Promise<Ms>): Promise<boolean> {
    const asked = this.#clock.monotonic();
    const shared = await sharedNow();
    const answered = this.#clock.monotonic();
    // The answer is as old as half of the question took, give or take that half: a slow one says too little.
    if (this.#isKept && answered - asked > slowMs) return false;
    const offset = shared - (asked + answered) / 2;
    const isSet = this.#isKept && Math.abs(offset - this.#offset) > setMs;
    this.#offset = offset;
    this.#isKept = true;
    return isSet;
  }

  /** For all that coordinators of one database write down for each other: when an attempt or a time limit is due. */
  asClock(): Clock {
    const now = (): Ms => this.now();
    return {
      now,
      monotonic: () => this.#clock.monotonic(),
      after: (ms, call) => this.#clock.after(ms, call),
    };
  }

  now(): Ms {
    return Math.round(this.#offset + this.#clock.monotonic());
  }

  /** The end of a lease that is granted or renewed now. */
  leaseUntil(): Ms {
    return this.now() + this.times.ttlMs;
  }

  /** What every live lease gets when nobody could renew. */
  trustUntil(): Ms {
    return this.now() + this.times.freshTrustMs;
  }
}
