/**
 * The clock that leases are counted on: the wall clock of the start, then only steady time. A wall clock that is set
 * forward or back moves no lease (L5); what was stored before a restart is replaced by fresh trust at the start.
 */

import type { Clock, Ms } from "@haversack/base";
import { type LeaseTimes, leaseTimes } from "../runs/lease.ts";

export class LeaseClock {
  readonly times: LeaseTimes;
  readonly #clock: Clock;
  readonly #offset: Ms;

  constructor(times: LeaseTimes, clock: Clock) {
    this.times = times;
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  static withTtl(ttlMs: Ms, clock: Clock): LeaseClock {
    return new LeaseClock(leaseTimes(ttlMs), clock);
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
