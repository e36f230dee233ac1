/**
 * The worker's side of a lease: trust ends earlier here than at the coordinator. The clock starts when the renewal
 * that was last acknowledged was *sent*, which is before it was received; it is a monotonic clock, so nobody's wall
 * clock matters. Where that clock stands still while the machine is suspended, the time since boot goes on: the lease ran
 * out at the coordinator while we slept, so it has here, too. What is left of the time-to-live at the end is for ending processes.
 */

import type { Clock, Ms } from "@haversack/base";

/** Grace for ending processes and a margin, of a lease of 30 s; a shorter lease keeps the proportion. */
const reserveMs: Ms = 4000;

export class LeaseWatch {
  readonly #clock: Clock;
  readonly #sinceBoot: () => Ms;
  /** What the two clocks differ by when nobody sleeps. */
  readonly #offset: Ms;
  readonly #sent = new Map<number, Ms>();
  #seq = 0;
  #ttlMs: Ms = 30_000;
  #renewedAt: Ms;

  /** @param sinceBoot goes on while the machine is suspended; where there is no such clock, the monotonic one */
  constructor(clock: Clock, sinceBoot: () => Ms = () => clock.monotonic()) {
    this.#clock = clock;
    this.#sinceBoot = sinceBoot;
    this.#offset = sinceBoot() - clock.monotonic();
    this.#renewedAt = this.now();
  }

  /** Of this watch only: the later of the two clocks. */
  now(): Ms {
    return Math.max(this.#clock.monotonic(), this.#sinceBoot() - this.#offset);
  }

  /** The hello was sent at `sentAt`, by {@link now}, and welcomed now: it renewed everything that it listed. */
  welcomed(sentAt: Ms, ttlMs: Ms): void {
    this.#sent.clear();
    this.#ttlMs = ttlMs;
    this.#renewedAt = sentAt;
  }

  /** The number of a heartbeat that is about to be sent. */
  next(): number {
    this.#seq += 1;
    this.#sent.set(this.#seq, this.now());
    return this.#seq;
  }

  acknowledged(seq: number): void {
    const sentAt = this.#sent.get(seq);
    if (sentAt !== undefined) this.#renewedAt = Math.max(this.#renewedAt, sentAt);
    for (const known of this.#sent.keys()) if (known <= seq) this.#sent.delete(known);
  }

  /** How long the leases may still be trusted; 0 or less: end everything. */
  get remainingMs(): Ms {
    const reserve = Math.min(reserveMs, this.#ttlMs / 4);
    return this.#renewedAt + this.#ttlMs - reserve - this.now();
  }

  /** Between SIGTERM and SIGKILL when a lease is lost: ends before the lease does. */
  get graceMs(): Ms {
    return Math.min(3000, (this.#ttlMs / 4) * 0.75);
  }
}
