/**
 * PostgreSQL as the store, for one coordinator or several at once. The verbs are those of the embedded engine, and their
 * bodies run in this process, at READ COMMITTED. What makes that safe is one rule:
 *
 * **A transaction first locks what it decides on, then reads.** What a verb decides on is a run (its steps, attempts,
 * artifacts, events and counters change only under the lock of its row) or memory (all scopes, under the one row of
 * `memory_writer`), schedules (one advisory lock), or that nobody names a pack or a DAG any more (another one, shared by those who name some).
 * `postgres-locks.ts` says which verb locks what. There is one order of locks: the leader; runs by id, all in one statement; then
 * packs; then schedules; then memory. So nobody who holds one waits for an earlier one, and two coordinators cannot wait for each
 * other, however many calls share a transaction. Every statement that follows sees what was committed before the lock
 * was had, for at READ COMMITTED each takes a snapshot of its own.
 *
 * - Events are numbered under the run's lock: no gap, and no number is seen before a lower one.
 * - A claim is still the compare-and-set of `stepsClaim`: of two coordinators, the second finds the step leased.
 * - Leases that ran out are found and locked in one statement that skips what others hold; it locks run and
 *   step, so that neither is older than the lock.
 * - What only a unique index can decide (an idempotency key used by two at once) fails there, and the call is done
 *   again: now it finds what the other one wrote.
 * - Memory has one writer, as it is promised to have; a position in the order of operations is never seen before a
 *   lower one. Positions of log chunks neither, within a run: they are given out under a lock of its id.
 *
 * Deadlocks that remain possible (two first submissions of the same two DAGs, in opposite order) are undone by the
 * server and tried again, with jitter, a bounded number of times.
 *
 * When the connection breaks, calls wait until it is back and are done (see `postgres-lane.ts`); after 20 s they are
 * refused as `unavailable` and the store has died.
 */

import type { Ports } from "@haversack/base";
import { present } from "@haversack/base";
import type { BatchKind } from "./postgres-batch.ts";
import { PostgresBells } from "./postgres-bells.ts";
import { PostgresEngine } from "./postgres-engine.ts";
import { logLocks, writeLocks } from "./postgres-locks.ts";
import { type Migrated, migratePostgres } from "./postgres-migrate.ts";
import type { Dying, LogStore, Store } from "./store.ts";
import { logReadVerbs, logWriteVerbs, readVerbs, writeVerbs } from "./verb-tables.ts";
import { clockRead } from "./verbs/clock-verbs.ts";

/** Connections of a coordinator: these, and one for wake-ups of each store. */
const lanes = { write: 4, read: 3, logWrite: 2, logRead: 2 } as const;

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  readonly ports: Ports;
  /** How long the database may be away before the store has died. */
  readonly comeBackMs?: number;
}

/** Rejects with FaultError: `unavailable` when the server cannot be used, `conflict` when its schema is newer. */
export async function openPostgresStore(options: PostgresOptions): Promise<Store & Dying> {
  const migrated = await migratePostgres(options.url, "postgres");
  const bells = await PostgresBells.open(options.url, "store", options.ports);
  const writer = engine(options, migrated, bells, { kind: "write", lanes: lanes.write });
  const reader = engine(options, migrated, bells, { kind: "read", lanes: lanes.read });
  return {
    generation: present(migrated.generation, "generation"),
    write: writer.calls<Store["write"]>(writeVerbs, writeLocks),
    read: reader.calls<Store["read"]>(readVerbs, {}),
    shared: { ...reader.calls<{ now: () => Promise<number> }>({ now: clockRead }, {}), others: bells.others },
    ...common(bells, writer, reader),
  };
}

/** Logs in the same database, so that every coordinator can tell them; over connections of their own. */
export async function openPostgresLogStore(options: PostgresOptions): Promise<LogStore & Dying> {
  const migrated = await migratePostgres(options.url, "postgres-logs");
  const bells = await PostgresBells.open(options.url, "logs", options.ports);
  const writer = engine(options, migrated, bells, { kind: "logs", lanes: lanes.logWrite });
  const reader = engine(options, migrated, bells, { kind: "read", lanes: lanes.logRead });
  return {
    write: writer.calls<LogStore["write"]>(logWriteVerbs, logLocks),
    read: reader.calls<LogStore["read"]>(logReadVerbs, {}),
    ...common(bells, writer, reader),
  };
}

function engine(
  { url, ports, comeBackMs }: PostgresOptions,
  { cluster }: Migrated,
  bells: PostgresBells,
  part: { readonly kind: BatchKind; readonly lanes: number },
): PostgresEngine {
  const bound = comeBackMs === undefined ? {} : { comeBackMs };
  const onTouched = bells.ring.bind(bells);
  return new PostgresEngine({ url, ports, cluster, onTouched, ...part, ...bound });
}

function common(bells: PostgresBells, writer: PostgresEngine, reader: PostgresEngine) {
  return {
    listen: bells.listen.bind(bells),
    died: Promise.race([writer.died.promise, reader.died.promise]),
    [Symbol.asyncDispose]: async () => {
      await reader.close();
      await writer.close();
      await bells.close();
    },
  };
}
