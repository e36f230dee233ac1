/**
 * The end of a child run. It ends under its own lock and knows nothing of its parent; this verb, under both locks, tells
 * the step. Whatever dies in between, the child's row says that its step still waits.
 */

import { present } from "@haversack/base";
import { type Failure, parseStepId, type RunId, stepAt } from "@haversack/protocol";
import { spreadOf } from "../../runs/after-attempt.ts";
import { afterChild, type ChildEnd } from "../../runs/child-end.ts";
import { flag, integer, jsonOrNone, text } from "../rows.ts";
import { attemptsNewest } from "../statements/attempt.ts";
import { childEnded, childTold } from "../statements/child-end.ts";
import type { VerbContext } from "../verb.ts";
import { historyOfRow } from "./attempt-row.ts";
import { endChildAttempt } from "./end-child-attempt.ts";
import { outputsOf } from "./run-outputs.ts";

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
  const [run, child] = [await context.runs.find(runId), await context.runs.find(childId)];
  if (run === undefined || child === undefined) return;
  const index = integer(row, "parent_idx");
  const attempt = integer(row, "parent_attempt");
  const [step] = await tx.each(attemptsNewest, [[run.no, index]]);
  if (step === undefined || text(step, "phase") !== "running" || integer(step, "attempt") !== attempt) return;
  const spec = present(stepAt((await context.dags.get(tx, run.dagDigest)).spec, index), "the step of a run");
  const given = await outputsOf(context, child);
  const end: ChildEnd = {
    runId: childId,
    dagName: child.dagName,
    status: text(row, "status") as ChildEnd["status"],
    failure: jsonOrNone<Failure>(row, "failure"),
    timedOut: flag(row, "timed_out"),
    outputProblem: given.ok ? undefined : given.problem,
  };
  const stepId = parseStepId(spec.id);
  const move = afterChild(spec, historyOfRow(step, run), end, spreadOf({ runId, stepId, attempt }));
  const outputs = given.ok ? given.outputs : {};
  await endChildAttempt(context, { run, index, stepId, attempt, step, move, outputs, now });
}
