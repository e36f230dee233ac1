/** What the end of attempts does to their steps and to those that wait for them, in one transaction (D1). */

import { invariant, present } from "@haversack/base";
import type { StepChange } from "@haversack/protocol";
import { stepAfter } from "../../runs/step-moves.ts";
import { artifactsInsert } from "../statements/artifact.ts";
import { attemptsInsert } from "../statements/attempt.ts";
import { stepsEnd, stepsRequeue } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { nowReady } from "./ask.ts";
import {
  type AttemptEnd,
  artifactRows,
  attemptRow,
  type Ending,
  endRow,
  failureOf,
  requeueRow,
} from "./attempt-end-rows.ts";
import { applyEffects } from "./end-effects.ts";
import { stepsEnded } from "./end-run.ts";
import { record } from "./record.ts";

export type { AttemptEnd } from "./attempt-end-rows.ts";

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
  await applyEffects(context, endings, now);
  for (const [run, own] of Map.groupBy(ended, ({ attempt }) => attempt.run)) {
    await stepsEnded(context, { run, now }, own.map(endedStep));
  }
}

const endedStep = ({ attempt, phase }: Ending) => {
  const { index, continueOnError, before } = attempt;
  return { index, phase, continueOnError, before };
};

function readySince({ attempt: { index }, move }: Ending, now: number) {
  return { index, since: move.event === "retried" ? now + move.delayMs : now };
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
