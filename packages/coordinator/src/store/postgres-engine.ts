/**
 * Verbs over a few connections to PostgreSQL. The bodies run here, in this process; calls that wait when a connection
 * is free share its next transaction, so that one commit pays for many.
 */

import { FaultError, type Ports } from "@haversack/base";
import { DagCache } from "./dag-cache.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import type { BatchKind } from "./postgres-batch.ts";
import { faultFor, type Outcome, type PostgresCall } from "./postgres-call.ts";
import { PostgresLane } from "./postgres-lane.ts";
import { keysOf, type Locks } from "./postgres-locks.ts";
import { type Touched, touchAlso, untouched, type Verb } from "./verb.ts";

/** Calls in one transaction. More would make the first of them wait too long. */
const batchMax = 256;
/** Calls that wait for an answer. More are refused, so that a stalled database cannot fill the memory. */
const callsMax = 100_000;
/** Shorter than the time after which workers give up their leases. */
const comeBackDefaultMs = 20_000;

export interface EngineOptions {
  readonly url: string;
  readonly kind: BatchKind;
  readonly lanes: number;
  readonly cluster: string;
  readonly ports: Ports;
  readonly comeBackMs?: number;
  /** After a commit that touched something. */
  readonly onTouched?: (touched: Touched) => void;
}

export class PostgresEngine {
  readonly #options: EngineOptions;
  readonly #lanes: readonly PostgresLane[];
  readonly #queue = new KeyedQueue<PostgresCall>();
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #scheduled = false;
  #dead: FaultError | undefined;
  /** Resolves with the error when the database did not come back: the coordinator must not go on. */
  readonly died = Promise.withResolvers<FaultError>();

  constructor(options: EngineOptions) {
    this.#options = options;
    const dags = new DagCache();
    const { url, kind, ports, cluster, comeBackMs = comeBackDefaultMs } = options;
    const closing = this.#closing.signal;
    const onDead = (error: FaultError): void => this.#die(error);
    this.#lanes = Array.from(
      { length: options.lanes },
      () => new PostgresLane({ url, kind, ports, dags, cluster, comeBackMs, onDead, closing }),
    );
  }

  /** The verbs of a table as functions. */
  calls<T>(table: object, locks: Readonly<Record<string, (args: never) => Locks>>): T {
    const entries = Object.entries(table as Record<string, Verb<unknown, unknown>>).map(([name, verb]) => {
      const locksOf = (locks[name] ?? noLocks) as (args: unknown) => Locks;
      return [name, (args: unknown) => this.#call(verb, args, locksOf(args))];
    });
    return Object.fromEntries(entries) as T;
  }

  /** Answers what was asked, then ends the connections. */
  async close(): Promise<void> {
    while (this.#queue.size > 0 || this.#running.size > 0) {
      this.#pump();
      await Promise.all(this.#running);
    }
    this.#closing.abort();
    this.#die(new FaultError("unavailable", "store_closed", "the store is closed"));
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  async #call(verb: PostgresCall["verb"], args: unknown, locks: Locks): Promise<unknown> {
    if (this.#dead !== undefined) throw this.#dead;
    if (this.#queue.size >= callsMax) {
      throw new FaultError("busy", "store_busy", "the database is far behind; try again in a few seconds");
    }
    const answer = Promise.withResolvers<unknown>();
    this.#queue.push({ verb, args, locks, answer, keys: keysOf(locks), alone: locks.alone === true });
    if (!this.#scheduled) {
      this.#scheduled = true;
      // Whatever this turn of the event loop asks for travels together.
      setImmediate(() => this.#pump());
    }
    return await answer.promise;
  }

  #pump(): void {
    this.#scheduled = false;
    for (const lane of this.#lanes) {
      if (lane.busy) continue;
      const batch = this.#queue.take(batchMax);
      if (batch.length === 0) return;
      lane.busy = true;
      const running = this.#serve(lane, batch).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  /** Never rejects. */
  async #serve(lane: PostgresLane, batch: readonly PostgresCall[]): Promise<void> {
    try {
      this.#settle(batch, await lane.perform(batch));
    } catch (error) {
      for (const { answer } of batch) answer.reject(faultFor(error));
    }
    this.#queue.done(batch);
    lane.busy = false;
    this.#pump();
  }

  #settle(batch: readonly PostgresCall[], outcomes: readonly Outcome[]): void {
    const touched = untouched();
    for (const [index, { answer }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) continue;
      if (!outcome.ok) {
        answer.reject(outcome.error);
        continue;
      }
      answer.resolve(outcome.value);
      touchAlso(touched, outcome.touched);
    }
    if (touched.ready || touched.runs.size > 0) this.#options.onTouched?.(touched);
  }

  #die(error: FaultError): void {
    if (this.#dead !== undefined) return;
    this.#dead = error;
    this.died.resolve(error);
    for (const { answer } of this.#queue.drain()) answer.reject(error);
  }
}

const noLocks = (): Locks => ({ runs: [] });
