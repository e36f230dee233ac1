/** What each writing verb locks before it reads: the rows it decides on. {@link openPostgresStore} has the rule. */

import type { RunId } from "@haversack/protocol";
import { runsHeld, runsOfWorker, runsWithLiveAttempts } from "./statements/postgres-locks.ts";
import type { VerbArgs } from "./verb.ts";
import type { logWriteVerbs, writeVerbs } from "./verb-tables.ts";

export interface Locks {
  /** Runs that the call changes, as far as its arguments name them. */
  readonly runs: readonly RunId[];
  /** Asks for further ones, in a column `id`. */
  readonly find?: readonly [sql: string, ...params: string[]];
  /** It names packs or a DAG, or deletes those that nobody names. */
  readonly packs?: "name" | "delete";
  /** It changes stored DAGs, schedules or their times. */
  readonly schedules?: boolean;
  /** It reads memory to change it. */
  readonly memory?: boolean;
  /** Calls with the same name keep their order, although they lock nothing. */
  readonly order?: string;
  /** It lets something start that shares a key or a pool: it counts what those before it have let start. */
  readonly limits?: boolean;
  /** Under the term of a leader: no other one begins before it has ended. */
  readonly term?: boolean;
  /** It changes more than its arguments name, so it has a transaction of its own. */
  readonly alone?: boolean;
}

type LocksOf<Table> = {
  readonly [Name in keyof Table]: (
    args: Table[Name] extends (context: infer _C) => unknown ? undefined : VerbArgs<Table[Name]>,
  ) => Locks;
};

const runsOf = (refs: readonly { readonly runId: RunId }[]): RunId[] => refs.map(({ runId }) => runId);
const under = (term: number | undefined) => ({ term: term !== undefined });
const keyOrder = (key: string | undefined) => (key === undefined ? {} : { order: `key ${key}` });

export const writeLocks: LocksOf<typeof writeVerbs> = {
  runSubmit: ({ idempotencyKey, trigger, term, concurrency }) => ({
    runs: [],
    ...under(term),
    packs: "name",
    schedules: trigger !== undefined,
    limits: concurrency !== undefined,
    ...keyOrder(idempotencyKey),
  }),
  runRetry: ({ id, idempotencyKey }) => ({
    runs: [id],
    packs: "name",
    limits: true,
    ...keyOrder(idempotencyKey),
  }),
  runCancel: ({ id }) => ({ runs: [id] }),
  stepsTake: ({ claims }) => ({
    runs: runsOf(claims),
    limits: claims.some(({ queue }) => queue !== undefined),
    ...(claims.some(({ pack }) => pack !== undefined) ? { packs: "name" } : {}),
  }),
  attemptsStart: ({ refs }) => ({ runs: runsOf(refs) }),
  attemptsFinish: ({ results }) => ({
    runs: runsOf(results.map(({ result }) => result.ref)),
    memory: results.some(({ result }) => (result.memory ?? []).length > 0),
  }),
  leasesRenew: ({ refs, workerId }) => ({ runs: runsOf(refs), order: `worker ${workerId}` }),
  // Locks what it finds, and leaves out what others have locked.
  leasesExpire: ({ term }) => ({ runs: [], ...under(term), alone: true }),
  leasesTrust: () => ({ runs: [], find: [runsWithLiveAttempts], alone: true }),
  workerGreet: ({ hello }) => ({
    runs: runsOf(hello.held),
    find: [runsOfWorker, hello.workerId],
    order: `worker ${hello.workerId}`,
    alone: true,
  }),
  workerLeave: ({ workerId }) => ({ runs: [], order: `worker ${workerId}` }),
  workerJoin: ({ workerId, token }) => ({ runs: [], order: `join ${token?.id ?? workerId}`, alone: true }),
  workerRenew: ({ workerId }) => ({ runs: [], order: `worker ${workerId}` }),
  workerRevoke: ({ workerId }) => ({
    runs: [],
    find: [runsOfWorker, workerId],
    order: `worker ${workerId}`,
    alone: true,
  }),
  joinTokenCreate: ({ id }) => ({ runs: [], order: `join ${id}` }),
  joinTokenDelete: ({ id }) => ({ runs: [], order: `join ${id}` }),
  clusterCaPin: () => ({ runs: [], alone: true }),
  // Locks what it finds, and leaves out what others have locked.
  stepsDueNow: () => ({ runs: [], alone: true }),
  queuesCollect: ({ term }) => ({ runs: [], ...under(term), alone: true }),
  runsAdmit: () => ({ runs: [], find: [runsHeld], alone: true }),
  poolSet: ({ name }) => ({ runs: [], order: `pool ${name}` }),
  poolDelete: ({ name }) => ({ runs: [], order: `pool ${name}` }),
  workerOrder: () => ({ runs: [], order: "worker orders", alone: true }),
  writeProbe: () => ({ runs: [], alone: true }),
  childStart: ({ runId }) => ({ runs: [runId], packs: "name" }),
  stepRefuse: ({ runId }) => ({ runs: [runId] }),
  childSettle: ({ childId, runId }) => ({ runs: [childId, runId] }),
  childExpire: ({ id }) => ({ runs: [id] }),
  memoryResolve: () => ({ runs: [], memory: true }),
  memoryRevert: () => ({ runs: [], memory: true }),
  // Leaves out what others have locked.
  runsRetire: ({ term }) => ({ runs: [], ...under(term), alone: true }),
  runsErase: ({ ids, term }) => ({ runs: ids, ...under(term), packs: "delete", alone: true }),
  snapshotsCollect: ({ term }) => ({ runs: [], ...under(term), packs: "delete", alone: true }),
  snapshotKeep: ({ digest }) => ({ runs: [], packs: "name", order: `kept ${digest}` }),
  snapshotUnkeep: ({ name, digest }) => ({ runs: [], order: `kept ${digest ?? name}` }),
  // Its one row is the first of all locks.
  leaderTake: () => ({ runs: [], order: "leader", alone: true }),
  leaderYield: () => ({ runs: [], order: "leader", alone: true }),
  blobFolderName: () => ({ runs: [], alone: true }),
  dagPut: () => ({ runs: [], schedules: true }),
  dagDelete: () => ({ runs: [], schedules: true }),
  scheduleDecide: ({ term }) => ({ runs: [], ...under(term), schedules: true }),
  schedulePause: () => ({ runs: [], schedules: true }),
  scheduleResume: () => ({ runs: [], schedules: true }),
  stepAnswer: ({ runId }) => ({ runs: [runId] }),
  runPause: ({ id }) => ({ runs: [id] }),
  runResume: ({ id }) => ({ runs: [id] }),
  childPause: ({ id }) => ({ runs: [id] }),
  childResume: ({ id }) => ({ runs: [id] }),
  tokenCreate: ({ id }) => ({ runs: [], order: `token ${id}` }),
  tokenRevoke: ({ id }) => ({ runs: [], order: `token ${id}` }),
  tokenUsed: ({ id }) => ({ runs: [], order: `token ${id}` }),
  // They hold the end of the log, and nothing else.
  auditAppend: () => ({ runs: [], order: "audit", alone: true }),
  auditCut: () => ({ runs: [], order: "audit", alone: true }),
  imagesNote: () => ({ runs: [], order: "images", alone: true }),
  imagesForget: ({ term }) => ({ runs: [], ...under(term), order: "images", alone: true }),
  // Counts under a lock of its own: two coordinators give leave one after the other.
  imagePermitsGive: () => ({ runs: [], order: "image permits", alone: true }),
  deploymentBegin: ({ ref }) => ({ runs: [ref.runId] }),
  // Hold the rows of the names: those that are found, in one order.
  deploymentsObserve: ({ workerId }) => ({ runs: [], order: `worker ${workerId}`, alone: true }),
  deploymentAbandon: ({ name }) => ({ runs: [], order: `deployment ${name}` }),
  deploymentExpiring: ({ name, term }) => ({ runs: [], ...under(term), order: `deployment ${name}` }),
  deploymentsForget: ({ term }) => ({ runs: [], ...under(term), alone: true }),
  fleetName: () => ({ runs: [], order: "fleet name" }),
  deadlineServe: ({ runId, term }) => ({ runs: [runId], ...under(term) }),
};

export const logLocks: LocksOf<typeof logWriteVerbs> = {
  logsAppend: ({ chunks }) => ({ runs: runsOf(chunks.map(({ ref }) => ref)) }),
  logsErase: ({ runIds }) => ({ runs: runIds, alone: true }),
};

/** Calls with a common key are done one after the other. */
export function keysOf({ runs, schedules, memory, limits, order }: Locks): string[] {
  const keys = [...new Set(runs)].map((run) => `run ${run}`);
  if (schedules === true) keys.push("schedules");
  if (memory === true) keys.push("memory");
  if (limits === true) keys.push("limits");
  if (order !== undefined) keys.push(order);
  return keys;
}
