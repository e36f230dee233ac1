/**
 * What the end of a step decides for those behind it, in the same transaction. The work is proportional to the direct
 * dependents of what ended; chains of steps that are skipped or blocked settle one after the other, without recursion.
 */

import { present } from "@haversack/base";
import { type Digest, parseStepId, type RunId, type StepPhase } from "@haversack/protocol";
import type { Condition } from "../../runs/conditions.ts";
import { type Before, type Decision, decideStep, nothingBefore, passedOn } from "../../runs/outcomes.ts";
import { stepAfter } from "../../runs/step-moves.ts";
import { flag, integer, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import { stepDependencyEnded, stepSettle } from "../statements/outcome.ts";
import type { VerbContext } from "../verb.ts";
import { RunFacts } from "./expression-data.ts";
import { record } from "./record.ts";

export interface SettledRun {
  readonly runId: RunId;
  readonly dagDigest: Digest;
  readonly now: number;
}

interface Ended {
  /** Position of the step in the DAG. */
  readonly index: number;
  readonly passes: Before;
}

export interface EndedStep {
  readonly index: number;
  readonly phase: StepPhase;
  /** As `stepEnd` returns it. */
  readonly row: Row;
}

/** @returns how many steps ended in turn */
export async function settleBehind(
  context: VerbContext,
  run: SettledRun,
  { index, phase, row }: EndedStep,
): Promise<number> {
  const passes = passedOn(phase, flag(row, "continue_on_error"), beforeOfRow(row));
  return await settleDependents(context, run, [{ index, passes }]);
}

async function settleDependents(
  context: VerbContext,
  run: SettledRun,
  ended: readonly Ended[],
): Promise<number> {
  const { spec, graph, conditions } = await context.dags.get(context.tx, run.dagDigest);
  const facts = new RunFacts(context, run.runId);
  const open = [...ended];
  let count = 0;
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    for (const index of graph.dependents[each.index] ?? []) {
      const before = await dependencyEnded(context, run, index, each.passes);
      if (before === undefined) continue;
      const phase = await settle(context, run, { index, condition: conditions[index], before, facts });
      if (phase === "ready") continue;
      open.push({ index, passes: passedOn(phase, spec.steps[index]?.continueOnError === true, before) });
      count++;
    }
  }
  return count;
}

/** Decides steps that wait for nobody and have an `if`. @returns how many steps ended */
export async function settleFirst(
  context: VerbContext,
  run: SettledRun,
  indexes: Iterable<number>,
): Promise<number> {
  const { conditions } = await context.dags.get(context.tx, run.dagDigest);
  const facts = new RunFacts(context, run.runId);
  const ended: Ended[] = [];
  for (const index of indexes) {
    const condition = conditions[index];
    if (condition === undefined) continue;
    const phase = await settle(context, run, { index, condition, before: nothingBefore, facts });
    if (phase !== "ready") ended.push({ index, passes: passedOn(phase, false, nothingBefore) });
  }
  return ended.length + (await settleDependents(context, run, ended));
}

/** @returns its phase: started, unless its `if` says no */
export async function settleHandler(
  context: VerbContext,
  run: SettledRun,
  index: number,
  decision: "start" | "skip",
): Promise<StepPhase> {
  if (decision === "skip") return await move(context, run, index, "skipped");
  const { conditions } = await context.dags.get(context.tx, run.dagDigest);
  const facts = new RunFacts(context, run.runId);
  return await settle(context, run, { index, condition: conditions[index], before: nothingBefore, facts });
}

function beforeOfRow(row: Row): Before {
  return {
    isSatisfied: !flag(row, "unsatisfied"),
    hasFailed: flag(row, "ancestor_failed"),
    hasCancelled: flag(row, "ancestor_cancelled"),
  };
}

/** Undefined: it waits for others too, or has ended already, such as by a cancel. */
async function dependencyEnded(
  { tx }: VerbContext,
  { runId }: SettledRun,
  index: number,
  passes: Before,
): Promise<Before | undefined> {
  const bits = [!passes.isSatisfied, passes.hasFailed, passes.hasCancelled].map(Number);
  const row = await tx.one(stepDependencyEnded, runId, index, ...bits);
  return row === undefined || integer(row, "waiting_for") > 0 ? undefined : beforeOfRow(row);
}

interface Settling {
  readonly index: number;
  readonly condition: Condition | undefined;
  readonly before: Before;
  readonly facts: RunFacts;
}

async function settle(
  context: VerbContext,
  run: SettledRun,
  { index, condition, before, facts }: Settling,
): Promise<StepPhase> {
  const data = condition === undefined ? undefined : await facts.about(condition.paths);
  return await move(context, run, index, decideStep(condition, before, data));
}

async function move(
  context: VerbContext,
  { runId, now }: SettledRun,
  index: number,
  decision: Decision,
): Promise<StepPhase> {
  const phase = present(stepAfter("waiting", decision), "a phase after waiting");
  const endedAt = phase === "ready" ? null : now;
  const row = present(await context.tx.one(stepSettle, runId, index, phase, endedAt), "the waiting step");
  const stepId = parseStepId(text(row, "step_id"));
  await record(context, runId, { kind: "step", stepId, phase, attempt: 0 }, now);
  if (phase === "ready") context.touched.ready = true;
  return phase;
}
