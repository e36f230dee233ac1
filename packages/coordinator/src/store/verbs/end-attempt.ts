/** What the end of attempts does to their steps and to those that wait for them, in one transaction (D1). */

import { invariant, present } from "@haversack/base";
import type { AttemptResult, Failure, StepChange, StepPhase } from "@haversack/protocol";
import type { NextMove } from "../../runs/after-attempt.ts";
import { type AttemptEnding, stepAfter } from "../../runs/step-moves.ts";
import { artifactsInsert } from "../statements/artifact.ts";
import { attemptsInsert } from "../statements/attempt.ts";
import { stepsEnd, stepsRequeue } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { nowReady } from "./ask.ts";
import type { AttemptRow } from "./attempt-row.ts";
import { stepsEnded } from "./end-run.ts";
import { applyMemory } from "./memory-apply.ts";
import { record } from "./record.ts";

export interface AttemptEnd {
  /** Live, as it was read in this transaction. */
  readonly attempt: AttemptRow;
  readonly ending: AttemptEnding;
  readonly move: NextMove;
  /** Absent when the attempt was lost. */
  readonly result?: AttemptResult;
  readonly resultDigest?: string;
  /** Its start was told a moment ago, and is written with its end. */
  readonly startedAt?: number;
}

type Value = string | number | null;

interface Ending extends AttemptEnd {
  /** What the step becomes. */
  readonly phase: StepPhase;
}

/** @param ends of different steps */
export async function endAttempts(
  context: VerbContext,
  ends: readonly AttemptEnd[],
  now: number,
): Promise<void> {
  if (ends.length === 0) return;
  const { tx } = context;
  const endings = ends.map((end): Ending => {
    const { phase } = end.attempt;
    const next = present(stepAfter(phase, end.move.event), `${phase} + ${end.move.event}`);
    return { ...end, phase: next };
  });
  const requeued = endings.filter(({ phase }) => phase === "ready");
  const ended = endings.filter(({ phase }) => phase !== "ready");
  const written = await Promise.all([
    tx.change(
      stepsRequeue,
      requeued.map((end) => requeueRow(end, now)),
    ),
    tx.change(
      stepsEnd,
      ended.map((end) => endRow(end, now)),
    ),
    tx.each(
      attemptsInsert,
      endings.map((end) => attemptRow(end, now)),
    ),
    tx.each(artifactsInsert, ended.flatMap(artifactRows)),
  ]);
  const changed = written[0].size + written[1].size;
  invariant(changed === ends.length, "a live attempt belongs to a step that is leased or running");
  // All starts before all ends: changes of one moment share a row.
  for (const end of endings) recordStart(context, end);
  for (const end of endings) record(context, end.attempt.run, stepChange(end), now);
  if (ended.some(({ attempt }) => attempt.gated)) context.touched.ready = true;
  for (const [run, own] of Map.groupBy(requeued, ({ attempt }) => attempt.run))
    await nowReady(
      context,
      run,
      own.map((end) => readySince(end, now)),
    );
  for (const { attempt, phase, result } of ended) {
    if (phase === "succeeded") await applyMemory(context, attempt, result?.memory ?? [], now);
  }
  for (const [run, own] of Map.groupBy(ended, ({ attempt }) => attempt.run)) {
    await stepsEnded(context, { run, now }, own.map(endedStep));
  }
}

const endedStep = ({ attempt, phase }: Ending) => {
  const { index, continueOnError, before } = attempt;
  return { index, phase, continueOnError, before };
};

const placeOf = ({ attempt: { run, index, ref } }: Ending) => [run.no, index, ref.attempt] as const;

function readySince({ attempt: { index }, move }: Ending, now: number) {
  return { index, since: move.event === "retried" ? now + move.delayMs : now };
}

function requeueRow(end: Ending, now: number): Value[] {
  const { move, result } = end;
  const isRetried = move.event === "retried";
  const failure = failureOf(move);
  return [
    ...placeOf(end),
    isRetried ? now + move.delayMs : 0,
    isRetried ? 1 : 0,
    move.event === "lost" ? 1 : 0,
    failure === undefined ? null : JSON.stringify(failure),
    result?.exitCode ?? null,
  ];
}

function endRow(end: Ending, now: number): Value[] {
  const { move, result, phase } = end;
  const failure = failureOf(move);
  const outputs = result?.outputs;
  return [
    ...placeOf(end),
    phase,
    now,
    failure === undefined ? null : JSON.stringify(failure),
    result?.exitCode ?? null,
    outputs === undefined || outputs.size === 0 ? "{}" : JSON.stringify(Object.fromEntries(outputs)),
    result?.usage === undefined ? null : JSON.stringify(result.usage),
    end.startedAt ?? now,
  ];
}

function attemptRow(end: Ending, now: number): Value[] {
  const { attempt, ending, resultDigest } = end;
  const { ref, workerId, bootId, claimedAt, startedAt } = attempt;
  return [
    ...placeOf(end),
    ref.generation,
    workerId,
    bootId,
    ending,
    claimedAt,
    startedAt ?? end.startedAt ?? null,
    now,
    resultDigest ?? null,
  ];
}

function artifactRows({ attempt, phase, result }: Ending): Value[][] {
  if (phase !== "succeeded") return [];
  return (result?.artifacts ?? []).map(({ path, digest, size, executable }) => [
    attempt.run.no,
    attempt.index,
    path,
    digest,
    size,
    executable ? 1 : 0,
  ]);
}

/** What was told and is written only now is an event as any other start. */
function recordStart(context: VerbContext, { attempt, startedAt }: Ending): void {
  if (startedAt === undefined || attempt.phase !== "leased") return;
  const { run, ref, workerId } = attempt;
  const change = {
    kind: "step",
    stepId: ref.stepId,
    phase: "running",
    attempt: ref.attempt,
    workerId,
  } as const;
  record(context, run, change, startedAt);
}

const failureOf = (move: NextMove): Failure | undefined =>
  move.event === "retried" || move.event === "failed" ? move.failure : undefined;

function stepChange({ attempt, move, phase, result }: Ending): StepChange {
  const failure = failureOf(move);
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
