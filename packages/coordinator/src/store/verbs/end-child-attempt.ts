/** What the end of a child run does to its step and to those that wait for it, in one transaction. */

import { invariant, present } from "@haversack/base";
import type { Failure, JsonObject, StepChange, StepId } from "@haversack/protocol";
import type { NextMove } from "../../runs/after-attempt.ts";
import { stepAfter } from "../../runs/step-moves.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";
import { stepsEnd, stepsRequeue } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { nowReady } from "./ask.ts";
import { stepsEnded } from "./end-run.ts";
import { endedStep } from "./ended-step.ts";
import { record } from "./record.ts";

export interface ChildAttemptEnd {
  /** Of the step. */
  readonly run: RunState;
  readonly index: number;
  readonly stepId: StepId;
  readonly attempt: number;
  /** As it was read in this transaction. */
  readonly step: Row;
  readonly move: NextMove;
  /** Of the child run. */
  readonly outputs: JsonObject;
  readonly now: number;
}

export async function endChildAttempt(context: VerbContext, end: ChildAttemptEnd): Promise<void> {
  const { run, index, stepId, attempt, step, move, now } = end;
  const phase = present(stepAfter("running", move.event), `running + ${move.event}`);
  const failure = move.event === "failed" || move.event === "retried" ? move.failure : undefined;
  const change: StepChange = { kind: "step", stepId, phase, attempt };
  record(context, run, failure === undefined ? change : { ...change, failure }, now);
  if (phase === "ready") return await requeue(context, end, failure);
  const made = JSON.stringify(phase === "succeeded" ? end.outputs : {});
  const row = [run.no, index, attempt, phase, now, text(failure), null, made, null, now];
  invariant((await context.tx.change(stepsEnd, [row])).size === 1, "the step was running when it was read");
  await stepsEnded(context, { run, now }, [endedStep(index, phase, step)]);
}

async function requeue(
  context: VerbContext,
  { run, index, attempt, move, now }: ChildAttemptEnd,
  failure: Failure | undefined,
): Promise<void> {
  const notBefore = move.event === "retried" ? now + move.delayMs : 0;
  const row = [run.no, index, attempt, notBefore, 1, 0, text(failure), null];
  invariant(
    (await context.tx.change(stepsRequeue, [row])).size === 1,
    "the step was running when it was read",
  );
  await nowReady(context, run, [{ index, since: Math.max(now, notBefore) }]);
}

const text = (failure: Failure | undefined): string | null =>
  failure === undefined ? null : JSON.stringify(failure);
