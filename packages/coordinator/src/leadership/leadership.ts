/**
 * Of several coordinators on one database, one at a time does what need not be done twice: it starts schedules, gives away
 * the steps of lost workers, forgets old runs. The lease of a leader keeps the others from beginning; it proves nothing:
 * a leader may be frozen, or its clock may stand still. What proves is the term. It grows with each leader, every
 * write of a leader carries it, and the store refuses one whose term is over, in the transaction that writes. So two
 * who both believe that they lead are a waste for a moment, and never a fault.
 *
 * An only coordinator leads from the start and under no term: there is nobody else.
 */

import {
  abortable,
  Background,
  type Clock,
  faultOf,
  type Ms,
  messageOf,
  type Ports,
  pause,
  type Service,
} from "@haversack/base";
import type { Store } from "../store/store.ts";
import type { Lead } from "../store/verbs/leader-verbs.ts";

export type { Lead };

export interface Leadership {
  /** What writes carry; undefined: another coordinator leads. */
  readonly lead: Lead | undefined;
  /** Resolves once this coordinator leads. */
  whenLeading(signal: AbortSignal): Promise<Lead>;
}

const onlyOne: Lead = {};

/** Of a coordinator that has its database for itself. */
export const soleLeader: Leadership = { lead: onlyOne, whenLeading: async () => onlyOne };

/** Another coordinator has become the leader since: nothing was written. */
export const isOver = (error: unknown): boolean => faultOf(error) === "fenced";

const leaseMs: Ms = 6000;
const renewEveryMs: Ms = 2000;
/** Before the others may begin we have stopped. */
const marginMs: Ms = 1000;

export interface LeaderParts {
  readonly store: {
    readonly write: Pick<Store["write"], "leaderTake" | "leaderYield">;
  };
  /** The clock that all coordinators share. */
  readonly leases: { readonly now: () => Ms };
  readonly ports: Ports;
}

/** Leads when nobody else does, for as long as it can renew; gives the lead back when it stops. */
export class LeaderKeeper implements Leadership, Service {
  readonly name = "leader";
  readonly #parts: LeaderParts;
  readonly #holder: string;
  readonly #clock: Clock;
  readonly #loop: Background;
  #elected = Promise.withResolvers<void>();
  #term: number | undefined;
  /** Steady time: how long it may be believed. */
  #until: Ms = 0;

  constructor(parts: LeaderParts, onFailure: (error: unknown) => void) {
    this.#parts = parts;
    this.#clock = parts.ports.clock;
    this.#holder = parts.ports.random.id();
    this.#loop = new Background(this.name, (signal) => this.#keep(signal), onFailure);
  }

  get lead(): Lead | undefined {
    if (this.#term === undefined || this.#clock.monotonic() >= this.#until) return undefined;
    return { term: this.#term };
  }

  async whenLeading(signal: AbortSignal): Promise<Lead> {
    for (;;) {
      const { lead } = this;
      if (lead !== undefined) return lead;
      await abortable(this.#elected.promise, signal);
    }
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  async stop(mode: "drain" | "now"): Promise<void> {
    await this.#loop.stop(mode);
    if (this.#term === undefined) return;
    this.#term = undefined;
    // Without it the next one begins a few seconds later.
    await this.#parts.store.write.leaderYield({ holder: this.#holder }).catch(() => {});
  }

  async #keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#renew();
      await pause(this.#clock, renewEveryMs, signal);
    }
  }

  async #renew(): Promise<void> {
    const { store, leases, ports } = this.#parts;
    // Counted from before it was asked for: the store counts from later.
    const until = this.#clock.monotonic() + leaseMs - marginMs;
    const now = leases.now();
    try {
      const term = await store.write.leaderTake({ holder: this.#holder, now, leaseUntil: now + leaseMs });
      if (term !== undefined && term !== this.#term) ports.log.info({ term }, "this coordinator leads");
      if (term === undefined && this.#term !== undefined) ports.log.info({}, "another coordinator leads");
      this.#term = term;
      this.#until = until;
    } catch (error) {
      // The lease runs out by itself, here as there.
      ports.log.debug({ reason: messageOf(error) }, "the lead could not be renewed");
    }
    // Whoever waits looks, and finds that it is led or waits again.
    this.#elected.resolve();
    this.#elected = Promise.withResolvers<void>();
  }
}
