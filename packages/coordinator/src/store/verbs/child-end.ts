/**
 * The end of child runs. A child ends under its own lock and knows nothing of its parent; a second verb, under both locks,
 * tells the step. Whatever dies in between, the child's row says that its step still waits.
 */

import { present } from "@haversack/base";
import {
  type AttemptRef,
  type Failure,
  type JsonObject,
  parseRunId,
  parseStepId,
  type RunId,
  type StepChange,
  type StepPhase,
  stepAt,
} from "@haversack/protocol";
import { type NextMove, type StepHistory, spreadOf } from "../../runs/after-attempt.ts";
import { afterChild } from "../../runs/child-end.ts";
import { outlivesCancel } from "../../runs/handlers.ts";
import type { RunEnd } from "../../runs/run-end.ts";
import { stepAfter } from "../../runs/step-moves.ts";
import { flag, integer, integerOrNone, jsonOrNone, text, textOrNone } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";
import { attemptsNewest } from "../statements/attempt.ts";
import {
  childEnded,
  childrenNextDeadline,
  childrenOverdue,
  childrenToCancel,
  childTimeOut,
  childTold,
  childrenEnded as ended,
} from "../statements/child.ts";
import { stepsEnd, stepsRequeue } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { beforeOfRow } from "./attempt-row.ts";
import { stepsEnded } from "./end-run.ts";
import { record } from "./record.ts";
import { outputsOf } from "./run-outputs.ts";
import { runCancel } from "./run-verbs.ts";

/** What there is to do about child runs, up to a limit of each. */
export async function childrenDue({ tx }: VerbContext, { now, limit }: { now: number; limit: number }) {
  const idOf = (row: Row): RunId => parseRunId(text(row, "id"));
  const deadline = await tx.one(childrenNextDeadline, now);
  return {
    ended: (await tx.all(ended, limit)).map((row) => ({
      childId: idOf(row),
      runId: parseRunId(text(row, "parent_id")),
    })),
    toCancel: (await tx.all(childrenToCancel, limit)).map(idOf),
    overdue: (await tx.all(childrenOverdue, now, limit)).map(idOf),
    nextDeadline: deadline === undefined ? undefined : integerOrNone(deadline, "due"),
  };
}

export interface ChildSettlement {
  readonly childId: RunId;
  /** Its parent. */
  readonly runId: RunId;
  readonly now: number;
}

/** Ends the step of a child run that has ended. */
export async function childSettle(
  context: VerbContext,
  { childId, runId, now }: ChildSettlement,
): Promise<void> {
  const { tx } = context;
  const row = await tx.one(childEnded, childId);
  if (row === undefined) return;
  await tx.run(childTold, integer(row, "no"));
  const parent = await context.runs.find(runId);
  const child = await context.runs.find(childId);
  if (parent === undefined || child === undefined) return;
  const index = integer(row, "parent_idx");
  const [step] = await tx.each(attemptsNewest, [[parent.no, index]]);
  if (step === undefined || text(step, "phase") !== "running") return;
  if (integer(step, "attempt") !== integer(row, "parent_attempt")) return;
  await endStep(context, { parent, child, index, step, row, now });
}

interface Settling {
  readonly parent: RunState;
  readonly child: RunState;
  readonly index: number;
  /** Of the step. */
  readonly step: Row;
  /** Of the child. */
  readonly row: Row;
  readonly now: number;
}

async function endStep(context: VerbContext, settling: Settling): Promise<void> {
  const { parent, child, index, step, row, now } = settling;
  const { spec } = await context.dags.get(context.tx, parent.dagDigest);
  const stepSpec = present(stepAt(spec, index), "the step of a run");
  const outputs = await outputsOf(context, child);
  const status = text(row, "status") as RunEnd;
  const end = {
    runId: child.id,
    dagName: child.dagName,
    status,
    failure: jsonOrNone<Failure>(row, "failure"),
    timedOut: flag(row, "timed_out"),
    ...(outputs.ok ? {} : { outputProblem: outputs.problem }),
  };
  const attempt = integer(step, "attempt");
  const place = { runId: parent.id, stepId: parseStepId(stepSpec.id), attempt };
  const move = afterChild(stepSpec, historyOf(step, parent), end, spreadOf(place));
  const phase = present(stepAfter("running", move.event), `running + ${move.event}`);
  await write(context, settling, { move, phase, attempt, outputs: outputs.ok ? outputs.outputs : {} });
  const failure = failureOf(move);
  const change: StepChange = { kind: "step", stepId: place.stepId, phase, attempt };
  record(context, parent, failure === undefined ? change : { ...change, failure }, now);
  if (phase === "ready") context.touched.children = true;
  else {
    const continueOnError = flag(step, "continue_on_error");
    await stepsEnded(context, { run: parent, now }, [
      { index, phase, continueOnError, before: beforeOfRow(step) },
    ]);
  }
}

const historyOf = (row: Row, run: RunState): StepHistory => ({
  failedCount: integer(row, "failed_count"),
  lostCount: integer(row, "lost_count"),
  cancelRequested: run.cancelRequested && !outlivesCancel(textOrNone(row, "handler")),
});

interface StepEnd {
  readonly move: NextMove;
  readonly phase: StepPhase;
  readonly attempt: number;
  readonly outputs: JsonObject;
}

async function write(
  { tx }: VerbContext,
  { parent, index, now }: Settling,
  { move, phase, attempt, outputs }: StepEnd,
): Promise<void> {
  const told = failureOf(move);
  const failure = told === undefined ? null : JSON.stringify(told);
  const key = [parent.no, index, attempt] as const;
  if (phase !== "ready") {
    const made = JSON.stringify(phase === "succeeded" ? outputs : {});
    await tx.each(stepsEnd, [[...key, phase, now, failure, null, made, null]]);
    return;
  }
  const notBefore = move.event === "retried" ? now + move.delayMs : 0;
  await tx.each(stepsRequeue, [[...key, notBefore, 1, 0, failure, null]]);
}

const failureOf = (move: NextMove): Failure | undefined =>
  move.event === "failed" || move.event === "retried" ? move.failure : undefined;

/** A child run that took longer than its step may is cancelled. @returns the attempts that their workers have to end */
export async function childExpire(
  context: VerbContext,
  { id, now }: { readonly id: RunId; readonly now: number },
): Promise<{ live: AttemptRef[] }> {
  if ((await context.tx.run(childTimeOut, id, now)) === 0) return { live: [] };
  return await runCancel(context, { id, now });
}
