/** Attempts: started, finished, renewed, lost. Everything that a worker writes goes through `fenced`. */

import type {
  AttemptRef,
  AttemptResult,
  BootId,
  Digest,
  Refusal,
  WorkerHello,
  WorkerId,
} from "@haversack/protocol";
import { refKey, stepAt } from "@haversack/protocol";
import { afterLoss, afterResult, attemptPhaseAfter, spreadOf } from "../../runs/after-attempt.ts";
import { isLiveAttempt } from "../../runs/step-moves.ts";
import { integerOrNone, textOrNone } from "../rows.ts";
import {
  attemptGet,
  attemptRenew,
  attemptStart,
  attemptsExpired,
  attemptsNextExpiry,
  attemptsOfWorker,
  attemptsTrust,
} from "../statements/attempt.ts";
import { stepStart } from "../statements/step.ts";
import { workerSeen, workerUpsert } from "../statements/worker.ts";
import type { VerbContext } from "../verb.ts";
import { type AttemptRow, attemptOfRow } from "./attempt-row.ts";
import { endAttempt } from "./end-attempt.ts";
import { record } from "./record.ts";
import { fenced } from "./write-fenced.ts";

export interface FromWorker {
  /** From the session's credential and hello, never from the message itself. */
  readonly workerId: WorkerId;
  readonly now: number;
}

export interface StartReport extends FromWorker {
  readonly refs: readonly AttemptRef[];
}

export async function attemptsStart(context: VerbContext, report: StartReport): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const ref of report.refs) {
    const answer = await fenced(context, ref, report.workerId);
    if (!answer.ok) refusals.push({ ref, reason: answer.reason });
    else if (answer.attempt.phase === "leased") await start(context, answer.attempt, report);
  }
  return refusals;
}

async function start(
  context: VerbContext,
  attempt: AttemptRow,
  { workerId, now }: FromWorker,
): Promise<void> {
  const { runId, stepId, attempt: number } = attempt.ref;
  await context.tx.run(attemptStart, runId, attempt.index, number, now);
  await context.tx.run(stepStart, runId, attempt.index, number, now);
  await record(context, runId, { kind: "step", stepId, phase: "running", attempt: number, workerId }, now);
}

export interface ResultReport extends FromWorker {
  readonly result: AttemptResult;
  /** Of the result as it came over the wire. */
  readonly resultDigest: string;
}

/** Undefined: accepted, now or before. The same result n times counts once; another one is a conflict (L4). */
export async function attemptFinish(
  context: VerbContext,
  report: ResultReport,
): Promise<Refusal | undefined> {
  const { result, resultDigest, now } = report;
  const answer = await fenced(context, result.ref, report.workerId);
  if (!answer.ok) {
    const before = answer.attempt?.resultDigest;
    if (before === resultDigest) return undefined;
    return { ref: result.ref, reason: before === undefined ? answer.reason : "conflict" };
  }
  const { attempt } = answer;
  const { spec } = await context.dags.get(context.tx, attempt.dagDigest);
  const step = stepAt(spec, attempt.index);
  if (step === undefined) return { ref: result.ref, reason: "unknown" };
  const move = afterResult(step, attempt.history, result, spreadOf(attempt.ref));
  const phase = attemptPhaseAfter[result.outcome];
  await endAttempt(context, { attempt, phase, move, now, result, resultDigest });
  return undefined;
}

export interface Renewal extends FromWorker {
  readonly bootId: BootId;
  readonly refs: readonly AttemptRef[];
  readonly leaseUntil: number;
}

/** One heartbeat. Answers what is no longer the worker's, and what it has to end. */
export async function leasesRenew(context: VerbContext, renewal: Renewal) {
  const refusals: Refusal[] = [];
  const cancelled: AttemptRef[] = [];
  for (const ref of renewal.refs) {
    const answer = await fenced(context, ref, renewal.workerId);
    if (!answer.ok) {
      refusals.push({ ref, reason: answer.reason });
      continue;
    }
    const { index, history } = answer.attempt;
    await context.tx.run(attemptRenew, ref.runId, index, ref.attempt, renewal.leaseUntil, renewal.bootId);
    if (history.cancelRequested) cancelled.push(ref);
  }
  await context.tx.run(workerSeen, renewal.workerId, renewal.now);
  return { refusals, cancelled };
}

export interface Greeting {
  readonly hello: WorkerHello;
  readonly now: number;
  readonly leaseUntil: number;
}

/**
 * A worker dialled. Its list of held attempts is the truth about itself: what the store thinks it holds beyond that
 * is lost at once. An attempt that never reached a process which still lives costs nothing.
 */
export async function workerGreet(context: VerbContext, { hello, now, leaseUntil }: Greeting) {
  const { workerId, bootId } = hello;
  const labels = JSON.stringify(Object.fromEntries(hello.labels));
  await context.tx.run(workerUpsert, workerId, bootId, hello.name, hello.version, labels, hello.slots, now);
  const held = new Set(hello.held.map(refKey));
  for (const row of await context.tx.all(attemptsOfWorker, workerId)) {
    const attempt = attemptOfRow(row);
    if (held.has(refKey(attempt.ref))) continue;
    const arrived = attempt.phase === "running" || attempt.bootId !== bootId;
    if (arrived) await lose(context, attempt, now);
    else await endAttempt(context, { attempt, phase: "returned", move: returned(attempt), now });
  }
  return await leasesRenew(context, { workerId, bootId, refs: hello.held, leaseUntil, now });
}

function returned(attempt: AttemptRow) {
  return { event: attempt.history.cancelRequested ? "cancelled" : "returned" } as const;
}

async function lose(context: VerbContext, attempt: AttemptRow, now: number): Promise<void> {
  const { spec } = await context.dags.get(context.tx, attempt.dagDigest);
  const step = stepAt(spec, attempt.index);
  if (step === undefined) return;
  await endAttempt(context, { attempt, phase: "lost", move: afterLoss(step, attempt.history), now });
}

export interface ExpiryCheck {
  /** Wall clock, for the record. */
  readonly now: number;
  /** On the clock that `leaseUntil` was counted on. */
  readonly leaseNow: number;
  readonly limit: number;
}

/** Ends attempts whose lease ran out; a bounded number at a time. */
export async function leasesExpire(context: VerbContext, { now, leaseNow, limit }: ExpiryCheck) {
  const attempts = (await context.tx.all(attemptsExpired, leaseNow, limit)).map(attemptOfRow);
  for (const attempt of attempts) await lose(context, attempt, now);
  const row = await context.tx.one(attemptsNextExpiry);
  const nextExpiry = row === undefined ? undefined : integerOrNone(row, "due");
  return { expired: attempts.map(({ ref, workerId }) => ({ ref, workerId })), nextExpiry };
}

export async function leasesTrust(
  { tx }: VerbContext,
  { leaseUntil }: { leaseUntil: number },
): Promise<number> {
  return await tx.run(attemptsTrust, leaseUntil);
}

interface LiveQuery {
  readonly ref: AttemptRef;
  /** It must also be the pack of the attempt's step. */
  readonly snapshotDigest?: Digest;
}

/** Whether the attempt is live, for calls beside the session: they say which attempt they are made for. */
export async function attemptIsLive(
  { tx }: VerbContext,
  { ref, snapshotDigest }: LiveQuery,
): Promise<boolean> {
  const row = await tx.one(attemptGet, ref.runId, ref.stepId, ref.attempt);
  if (row === undefined) return false;
  if (snapshotDigest !== undefined && textOrNone(row, "snapshot_digest") !== snapshotDigest) return false;
  const attempt = attemptOfRow(row);
  return attempt.ref.generation === ref.generation && isLiveAttempt(attempt.phase);
}
