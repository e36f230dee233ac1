/** What the end of an attempt does to its step and to those that wait for it, in one transaction (D1). */

import { invariant, present } from "@haversack/base";
import { type AttemptResult, type Failure, type StepChange, type StepPhase } from "@haversack/protocol";
import type { NextMove } from "../../runs/after-attempt.ts";
import { type AttemptPhase, stepAfter } from "../../runs/step-moves.ts";
import { attemptEnd } from "../statements/attempt.ts";
import { artifactInsert, stepEnd, stepRequeue } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import type { AttemptRow } from "./attempt-row.ts";
import { stepEnded } from "./end-run.ts";
import { applyMemory } from "./memory-apply.ts";
import { record } from "./record.ts";

export interface AttemptEnd {
  readonly attempt: AttemptRow;
  readonly phase: AttemptPhase;
  readonly move: NextMove;
  readonly now: number;
  /** Absent when the attempt was lost. */
  readonly result?: AttemptResult;
  readonly resultDigest?: string;
}

export async function endAttempt(context: VerbContext, end: AttemptEnd): Promise<void> {
  const { attempt, now } = end;
  const { runId, attempt: number } = attempt.ref;
  const changed = await context.tx.run(
    attemptEnd,
    runId,
    attempt.index,
    number,
    end.phase,
    now,
    end.resultDigest ?? null,
  );
  invariant(changed === 1, "the attempt was live when it was read in this transaction");
  const phase = present(
    stepAfter(attempt.stepPhase, end.move.event),
    `${attempt.stepPhase} + ${end.move.event}`,
  );
  if (phase === "ready") await requeue(context, end);
  else await finish(context, end, phase);
}

async function requeue(context: VerbContext, end: AttemptEnd): Promise<void> {
  const { attempt, move, now, result } = end;
  const failure = move.event === "retried" ? move.failure : undefined;
  const changed = await context.tx.run(
    stepRequeue,
    attempt.ref.runId,
    attempt.index,
    attempt.ref.attempt,
    move.event === "retried" ? now + move.delayMs : 0,
    move.event === "retried" ? 1 : 0,
    move.event === "lost" ? 1 : 0,
    failure === undefined ? null : JSON.stringify(failure),
    result?.exitCode ?? null,
  );
  invariant(changed === 1, "a live attempt belongs to a step that is leased or running");
  await record(context, attempt.ref.runId, stepChange(end, "ready", failure), now);
  context.touched.ready = true;
}

async function finish(context: VerbContext, end: AttemptEnd, phase: StepPhase): Promise<void> {
  const { attempt, move, now, result } = end;
  const { runId } = attempt.ref;
  const failure = move.event === "failed" ? move.failure : undefined;
  const row = await context.tx.one(
    stepEnd,
    runId,
    attempt.index,
    attempt.ref.attempt,
    phase,
    now,
    failure === undefined ? null : JSON.stringify(failure),
    result?.exitCode ?? null,
    JSON.stringify(Object.fromEntries(result?.outputs ?? [])),
    result?.usage === undefined ? null : JSON.stringify(result.usage),
  );
  const ended = present(row, "the live attempt's step, leased or running");
  if (phase === "succeeded") {
    await keepArtifacts(context, attempt, result);
    await applyMemory(context, attempt, result?.memory ?? [], now);
  }
  await record(context, runId, stepChange(end, phase, failure), now);
  const run = { runId, dagDigest: attempt.dagDigest, now };
  await stepEnded(context, run, { index: attempt.index, phase, row: ended });
}

function stepChange(
  { attempt, result }: AttemptEnd,
  phase: StepPhase,
  failure: Failure | undefined,
): StepChange {
  return {
    kind: "step",
    stepId: attempt.ref.stepId,
    phase,
    attempt: attempt.ref.attempt,
    workerId: attempt.workerId,
    ...(failure === undefined ? {} : { failure }),
    ...(result?.exitCode === undefined ? {} : { exitCode: result.exitCode }),
  };
}

async function keepArtifacts(
  { tx }: VerbContext,
  attempt: AttemptRow,
  result?: AttemptResult,
): Promise<void> {
  for (const { path, digest, size, executable } of result?.artifacts ?? []) {
    await tx.run(artifactInsert, attempt.ref.runId, attempt.index, path, digest, size, executable ? 1 : 0);
  }
}
