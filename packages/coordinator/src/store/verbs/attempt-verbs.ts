/** Attempts: started, finished. Everything that a worker writes goes through its fence. */

import {
  type AttemptRef,
  type AttemptResult,
  type Digest,
  type Refusal,
  refKey,
  type StepPhase,
  stepAt,
  type WorkerId,
} from "@haversack/protocol";
import { afterResult, attemptEndingAfter, type NextMove, spreadOf } from "../../runs/after-attempt.ts";
import { isLiveStep } from "../../runs/step-moves.ts";
import { integer, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import { attemptsNewest } from "../statements/attempt.ts";
import { stepsStart } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import type { AttemptRow } from "./attempt-row.ts";
import { type AttemptEnd, endAttempts } from "./end-attempt.ts";
import { record } from "./record.ts";
import { fenced, type Place, placesKnown, placesOf, refusalOf, refusals } from "./write-fenced.ts";

export interface FromWorker {
  /** From the session's credential and hello, never from the message itself. */
  readonly workerId: WorkerId;
  readonly now: number;
}

export interface StartReport extends FromWorker {
  readonly refs: readonly AttemptRef[];
}

export async function attemptsStart(context: VerbContext, report: StartReport): Promise<Refusal[]> {
  const { workerId, now } = report;
  const [places, unknown] = await placesKnown(context, report.refs);
  const rows = places.map(({ run, index, ref }) => {
    return [run.no, index, ref.attempt, ref.generation, workerId, now];
  });
  const started = await context.tx.change(stepsStart, rows);
  const rest = unknown;
  for (const [at, place] of places.entries()) {
    if (!started.has(at)) {
      rest.push(place.ref);
      continue;
    }
    const { stepId, attempt } = place.ref;
    record(context, place.run, { kind: "step", stepId, phase: "running", attempt, workerId }, now);
  }
  return await refusals(context, rest, workerId);
}

export interface ResultReport {
  readonly result: AttemptResult;
  /** Of the result as it came over the wire. */
  readonly resultDigest: string;
  /** When its start was told, if nobody has written that yet. */
  readonly startedAt?: number;
}

export interface ResultReports extends FromWorker {
  readonly results: readonly ResultReport[];
}

/**
 * Whatever is not refused was accepted, now or before. The same result n times counts once; another one is a
 * conflict (L4).
 */
export async function attemptsFinish(context: VerbContext, reports: ResultReports): Promise<Refusal[]> {
  const { results, workerId, now } = reports;
  const answers = await fenced(
    context,
    results.map(({ result }) => result.ref),
    workerId,
  );
  const ends = new Map<string, AttemptEnd>();
  const refused: Refusal[] = [];
  for (const [index, report] of results.entries()) {
    const { ref } = report.result;
    const answer = answers[index] ?? { ok: false, reason: "unknown" };
    const earlier = answer.ok ? ends.get(refKey(ref))?.resultDigest : answer.resultDigest;
    const move = answer.ok ? await moveAfter(context, answer.attempt, report.result) : undefined;
    if (earlier !== undefined) {
      if (earlier !== report.resultDigest) refused.push({ ref, reason: "conflict" });
    } else if (!answer.ok || move === undefined) {
      refused.push(refusalOf(ref, answer));
    } else {
      const ending = attemptEndingAfter[report.result.outcome];
      ends.set(refKey(ref), { attempt: answer.attempt, ending, move, ...report });
    }
  }
  await endAttempts(context, [...ends.values()], now);
  return refused;
}

async function moveAfter(
  context: VerbContext,
  attempt: AttemptRow,
  result: AttemptResult,
): Promise<NextMove | undefined> {
  const { spec } = await context.dags.get(context.tx, attempt.run.dagDigest);
  const step = stepAt(spec, attempt.index);
  const spread = result.outcome === "failed" ? spreadOf(attempt.ref) : 0;
  return step === undefined ? undefined : afterResult(step, attempt.history, result, spread);
}

interface AccessQuery {
  readonly ref: AttemptRef;
  /** From the credential. */
  readonly workerId: WorkerId;
  /** It must also be the pack of the attempt's step. */
  readonly snapshotDigest?: Digest;
}

/** `live`: the worker holds it. `over`: it held it. `foreign`: it never did, or there is no such attempt. */
export type AttemptAccess = "live" | "over" | "foreign";

/** What the attempt is to the worker, for calls beside the session: they say which attempt they are made for (A1). */
export async function attemptAccess(
  context: VerbContext,
  { ref, workerId, snapshotDigest }: AccessQuery,
): Promise<AttemptAccess> {
  const [answer] = await fenced(context, [ref], workerId);
  if (answer === undefined) return "foreign";
  if (!answer.ok) return answer.foreign === true || answer.reason === "unknown" ? "foreign" : "over";
  return snapshotDigest === undefined || answer.attempt.snapshotDigest === snapshotDigest ? "live" : "over";
}

/** Undefined: it has ended, or somebody else's counts. */
export async function liveAttempt(
  context: VerbContext,
  ref: AttemptRef,
): Promise<{ readonly place: Place; readonly row: Row } | undefined> {
  const [place] = await placesOf(context, [ref]);
  if (place === undefined) return undefined;
  const [row] = await context.tx.each(attemptsNewest, [[place.run.no, place.index]]);
  if (row === undefined || ref.attempt === 0 || integer(row, "attempt") !== ref.attempt) return undefined;
  const isLive = isLiveStep(text(row, "phase") as StepPhase) && text(row, "generation") === ref.generation;
  return isLive ? { place, row } : undefined;
}
