/** Every change of a run or a step is told in the same transaction, under the run's next number (P4). */

import { present } from "@haversack/base";
import type { Failure, RunChange, RunId, RunStatus, StepChange } from "@haversack/protocol";
import { runEnd, runFailure } from "../../runs/run-end.ts";
import { flag, integer, json, text } from "../rows.ts";
import { eventInsert } from "../statements/event.ts";
import { runEndWith, runGet, runNextSeq, runStepsEnded } from "../statements/run.ts";
import { stepCounts, stepFirstFailed } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";

export async function record(
  { tx, touched, gathered }: VerbContext,
  runId: RunId,
  change: RunChange | StepChange,
  now: number,
): Promise<void> {
  if (gathered !== undefined) {
    const own = gathered.get(runId) ?? [];
    own.push({ at: now, change: JSON.stringify(change) });
    gathered.set(runId, own);
    touched.runs.add(runId);
    return;
  }
  const row = present(await tx.one(runNextSeq, runId), `run ${runId}`);
  await tx.run(eventInsert, runId, integer(row, "event_seq"), now, JSON.stringify(change));
  touched.runs.add(runId);
}

/** Counts steps that have ended, and ends the run with the last of them. */
export async function stepsEnded(
  context: VerbContext,
  runId: RunId,
  count: number,
  now: number,
): Promise<void> {
  if (count === 0) return;
  const row = present(await context.tx.one(runStepsEnded, runId, count), `run ${runId}`);
  if (integer(row, "unfinished") === 0) await endRun(context, runId, now);
}

async function endRun(context: VerbContext, runId: RunId, now: number): Promise<void> {
  const { tx } = context;
  const counts = present(await tx.one(stepCounts, runId), `steps of run ${runId}`);
  const status = runEnd({
    failed: integer(counts, "failed"),
    cancelled: integer(counts, "cancelled"),
    blocked: integer(counts, "blocked"),
  });
  const failure = status === "failed" ? await firstFailure(context, runId) : undefined;
  await tx.run(runEndWith, runId, status, failure === undefined ? null : JSON.stringify(failure), now);
  await recordRun(context, runId, status, failure, now);
}

async function firstFailure({ tx }: VerbContext, runId: RunId): Promise<Failure | undefined> {
  const row = await tx.one(stepFirstFailed, runId);
  return row === undefined ? undefined : runFailure(text(row, "step_id"), json<Failure>(row, "failure"));
}

export async function recordRun(
  context: VerbContext,
  runId: RunId,
  status: RunStatus,
  failure: Failure | undefined,
  now: number,
): Promise<void> {
  const row = present(await context.tx.one(runGet, runId), `run ${runId}`);
  const cancelRequested = flag(row, "cancel_requested");
  const change = {
    kind: "run",
    status,
    cancelRequested,
    ...(failure === undefined ? {} : { failure }),
  } as const;
  await record(context, runId, change, now);
}
