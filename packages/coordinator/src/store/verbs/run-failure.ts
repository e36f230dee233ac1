/** How the steps of a run ended, and why it fails, or has failed so far. */

import { present } from "@haversack/base";
import { type Failure, stepsCount } from "@haversack/protocol";
import { runTimeout, timedOut } from "../../runs/deadlines.ts";
import { type RunEnd, runEnd, runFailure, type StepCounts } from "../../runs/run-end.ts";
import { integer, json, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { stepCounts, stepFirstFailed } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";

/** How its steps ended, once all of them have. */
export async function outcomeOf(context: VerbContext, run: RunState): Promise<RunEnd> {
  return runEnd(await countsOf(context, run), (run.timedOut & timedOut.steps) !== 0);
}

/** Handlers and items aside. */
async function countsOf({ tx, dags }: VerbContext, run: RunState): Promise<StepCounts> {
  const { spec } = await dags.get(tx, run.dagDigest);
  const counts = present(await tx.one(stepCounts, run.no, stepsCount(spec)), `steps of run ${run.id}`);
  return {
    failed: integer(counts, "failed"),
    cancelled: integer(counts, "cancelled"),
    blocked: integer(counts, "blocked"),
  };
}

/** That its time was over, if that ended anything; else its first failed step. */
export async function failureOf(context: VerbContext, run: RunState): Promise<Failure | undefined> {
  const { tx, dags } = context;
  const { spec } = await dags.get(tx, run.dagDigest);
  const isOver = (run.timedOut & timedOut.steps) !== 0;
  if (isOver && (await countsOf(context, run)).cancelled > 0) return runTimeout(spec.timeoutMs ?? 0);
  const row = await tx.one(stepFirstFailed, run.no, stepsCount(spec));
  return row === undefined ? undefined : runFailure(text(row, "step_id"), json<Failure>(row, "failure"));
}
