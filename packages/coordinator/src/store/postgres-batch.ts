/**
 * One transaction around many calls. First all at once: their statements travel together, so that a batch takes as many
 * round trips as its longest call, and calls that share a key follow each other. When one of them fails after it has
 * written, everything is undone and done again one by one, each with a savepoint, so that it does not fail its
 * neighbours.
 */

import type { DagCache } from "./dag-cache.ts";
import { faultFor, isContention, isDuplicate, type Outcome, type PostgresCall } from "./postgres-call.ts";
import { ConnectionLost, type PostgresConnection } from "./postgres-connection.ts";
import { PostgresTx } from "./postgres-tx.ts";
import { text } from "./rows.ts";
import { CallRuns, TransactionRuns } from "./run-states.ts";
import {
  leaderShare,
  logsLock,
  memoryLock,
  packsLock,
  packsShare,
  runsLock,
  schedulesLock,
  transactionId,
} from "./statements/postgres-locks.ts";
import { untouched } from "./verb.ts";

/** `read`: one snapshot for all. `logs` locks its runs in a way of its own, for their rows may be in no table. */
export type BatchKind = "read" | "write" | "logs";

export interface BatchParts {
  readonly kind: BatchKind;
  readonly connection: PostgresConnection;
  readonly dags: DagCache;
  /** Told when the commit is on its way: from then on its outcome may be unknown. */
  readonly onCommit: (transaction: string, outcomes: readonly Outcome[]) => void;
}

/** Undoes everything and does it one by one. */
class OneByOne extends Error {}

/** @returns the outcomes of all calls, committed. Rejects with what the server says when two transactions met. */
export async function runBatch(parts: BatchParts, calls: readonly PostgresCall[]): Promise<Outcome[]> {
  try {
    return await transaction(parts, calls, allAtOnce);
  } catch (error) {
    if (!(error instanceof OneByOne)) throw error;
    return await transaction(parts, calls, oneByOne);
  }
}

interface OpenParts extends BatchParts {
  readonly runs: TransactionRuns;
}

type Way = (parts: OpenParts, calls: readonly PostgresCall[]) => Promise<Outcome[]>;

async function transaction(parts: BatchParts, calls: readonly PostgresCall[], way: Way): Promise<Outcome[]> {
  const { connection, kind } = parts;
  const opening = open(parts, calls);
  // What the server says to a statement that came behind a failed one says nothing: the first failure counts.
  opening.catch(() => {});
  try {
    if (calls.some(({ locks }) => locks.find !== undefined)) await opening;
    const runs = new TransactionRuns();
    const outcomes = await way({ ...parts, runs }, calls);
    await runs.flush(new PostgresTx(connection));
    const id = await opening;
    if (kind !== "read") parts.onCommit(id, outcomes);
    const { command } = await connection.query("commit");
    if (command !== "COMMIT") throw new OneByOne("the server undid the transaction");
    return outcomes;
  } catch (error) {
    if (error instanceof ConnectionLost) throw error;
    await connection.query("rollback");
    await opening;
    throw error;
  }
}

/** Begins, and locks what the calls decide on. @returns the id of the transaction */
async function open({ connection, kind }: BatchParts, calls: readonly PostgresCall[]): Promise<string> {
  const snapshot = kind === "read" ? " isolation level repeatable read, read only" : "";
  const steps: Promise<unknown>[] = [connection.query(`begin${snapshot}`)];
  if (kind === "read") {
    await Promise.all(steps);
    return "";
  }
  const id = connection.query(transactionId, undefined, "transaction_id");
  steps.push(id);
  const runs = new Set<string>(calls.flatMap(({ locks }) => locks.runs));
  for (const { locks } of calls) {
    if (locks.find === undefined) continue;
    const [sql, ...params] = locks.find;
    for (const row of (await connection.query(sql, params)).rows) runs.add(text(row, "id"));
  }
  if (calls.some(({ locks }) => locks.term === true)) {
    steps.push(connection.query(leaderShare, undefined, "leader_share"));
  }
  const lock = kind === "logs" ? logsLock : runsLock;
  if (runs.size > 0) steps.push(connection.query(lock, [[...runs]], `${kind}_lock`));
  if (calls.some(({ locks }) => locks.packs === "delete")) {
    steps.push(connection.query(packsLock, undefined, "packs_lock"));
  } else if (calls.some(({ locks }) => locks.packs === "name")) {
    steps.push(connection.query(packsShare, undefined, "packs_share"));
  }
  if (calls.some(({ locks }) => locks.schedules === true)) {
    steps.push(connection.query(schedulesLock, undefined, "schedules_lock"));
  }
  if (calls.some(({ locks }) => locks.memory === true)) {
    steps.push(connection.query(memoryLock, undefined, "memory_lock"));
  }
  const settled = await Promise.allSettled(steps);
  const failed = settled.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return text((await id).rows[0] ?? {}, "id");
}

async function allAtOnce(parts: OpenParts, calls: readonly PostgresCall[]): Promise<Outcome[]> {
  const last = new Map<string, Promise<unknown>>();
  const running = calls.map((call) => {
    const before = call.keys.flatMap((key) => last.get(key) ?? []);
    const outcome = Promise.all(before).then(() => perform(parts, call));
    for (const key of call.keys) last.set(key, outcome);
    return outcome;
  });
  const done = await Promise.all(running);
  const lost = done.find(({ error }) => error instanceof ConnectionLost);
  if (lost !== undefined) throw lost.error;
  const contended = done.find(({ error }) => isContention(error));
  if (contended !== undefined) throw contended.error;
  // In a transaction in which one statement failed, all that follow fail too.
  if (done.some(({ outcome, dirty }) => !outcome.ok && dirty)) {
    throw new OneByOne("a call failed after it had written");
  }
  return done.map(({ outcome }) => outcome);
}

async function oneByOne(parts: OpenParts, calls: readonly PostgresCall[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const call of calls) {
    let done = await guarded(parts, call);
    if (isDuplicate(done.error)) done = await guarded(parts, call);
    outcomes.push(done.outcome);
  }
  return outcomes;
}

async function guarded(parts: OpenParts, call: PostgresCall): Promise<Performed> {
  const { connection } = parts;
  await connection.query("savepoint call");
  const done = await perform(parts, call);
  if (done.error instanceof ConnectionLost || isContention(done.error)) throw done.error;
  if (!done.outcome.ok) await connection.query("rollback to call");
  await connection.query("release call");
  return done;
}

interface Performed {
  readonly outcome: Outcome;
  readonly error?: unknown;
  /** Something was written, or a statement failed. */
  readonly dirty: boolean;
}

/** Never rejects. */
async function perform(
  { connection, dags, runs: all }: OpenParts,
  { verb, args }: PostgresCall,
): Promise<Performed> {
  const touched = untouched();
  const tx = new PostgresTx(connection);
  const runs = new CallRuns(tx, all);
  try {
    const value = await verb({ tx, dags, runs, touched }, args);
    runs.keep();
    return { outcome: { ok: true, value, touched }, dirty: tx.dirty };
  } catch (error) {
    return { outcome: { ok: false, error: faultFor(error) }, error, dirty: tx.dirty };
  }
}
