/**
 * What the end of steps decides for those behind them, in the same transaction. The work is proportional to the direct
 * dependents of what ended; chains of steps that are skipped or blocked settle one after the other, without recursion.
 */

import { invariant, present } from "@haversack/base";
import { type DagSpec, isTerminalStep, parseStepId, type StepPhase, stepAt } from "@haversack/protocol";
import type { Condition } from "../../runs/conditions.ts";
import { type Before, type Decision, decideStep, nothingBefore } from "../../runs/outcomes.ts";
import { stepAfter } from "../../runs/step-moves.ts";
import { stepsSettle } from "../statements/outcome.ts";
import type { VerbContext } from "../verb.ts";
import { ask, beginIfAsking, nowReady } from "./ask.ts";
import { freedBy } from "./behind.ts";
import type { EndedStep, SettledRun } from "./ended-step.ts";
import { RunFacts } from "./expression-data.ts";
import { openGroup } from "./open-group.ts";
import { record } from "./record.ts";

export type { EndedStep, SettledRun } from "./ended-step.ts";

/** A step whose dependencies have all ended. */
interface Settling {
  readonly index: number;
  readonly condition: Condition | undefined;
  readonly before: Before;
}

/** @returns how many steps ended in turn */
export async function settleBehind(
  context: VerbContext,
  run: SettledRun,
  ended: readonly EndedStep[],
): Promise<number> {
  const { spec, graph, conditions } = await context.dags.get(context.tx, run.run.dagDigest);
  const facts = new RunFacts(context, run.run);
  let level = ended;
  let count = 0;
  while (level.length > 0) {
    const free = await freedBy(context, run, level, graph.dependents);
    const settling = free.map((step) => ({ ...step, condition: conditions[step.index] }));
    const moved = await settle(context, run, settling, facts);
    level = endedOf(moved, spec);
    count += level.length;
  }
  return count;
}

const endedOf = (moved: readonly Moved[], spec: DagSpec): EndedStep[] =>
  moved
    .filter(({ phase }) => isTerminalStep(phase))
    .map((step) => ({ ...step, continueOnError: spec.steps[step.index]?.continueOnError === true }));

/** Decides steps that wait for nobody and have an `if` or items, or ask somebody. @returns how many steps ended */
export async function settleFirst(
  context: VerbContext,
  run: SettledRun,
  indexes: readonly number[],
): Promise<number> {
  const { spec, conditions } = await context.dags.get(context.tx, run.run.dagDigest);
  const isDecided = (index: number): boolean =>
    conditions[index] === undefined &&
    spec.steps[index]?.foreach === undefined &&
    spec.steps[index]?.work.kind !== "human";
  const ready = indexes.filter(isDecided).map((index) => ({ index, since: run.now }));
  await nowReady(context, run.run, ready);
  return await settleFree(
    context,
    run,
    indexes.filter((index) => !isDecided(index)),
  );
}

/** Decides steps that wait for nobody any more. @returns how many steps ended */
export async function settleFree(
  context: VerbContext,
  run: SettledRun,
  indexes: readonly number[],
): Promise<number> {
  const { spec, conditions } = await context.dags.get(context.tx, run.run.dagDigest);
  const settling = indexes.map((index) => ({ index, condition: conditions[index], before: nothingBefore }));
  const moved = await settle(context, run, settling, new RunFacts(context, run.run));
  const ended = endedOf(moved, spec);
  return ended.length + (await settleBehind(context, run, ended));
}

/** @returns its phase: started, unless its `if` says no */
export async function settleHandler(
  context: VerbContext,
  run: SettledRun,
  index: number,
  decision: "start" | "skip",
): Promise<StepPhase> {
  const { conditions } = await context.dags.get(context.tx, run.run.dagDigest);
  const facts = new RunFacts(context, run.run);
  const settling = { index, condition: conditions[index], before: nothingBefore };
  const [moved] =
    decision === "skip"
      ? await move(context, run, [{ ...settling, decision: "skipped" }], facts)
      : await settle(context, run, [settling], facts);
  return present(moved, "the handler").phase;
}

interface Moved {
  readonly index: number;
  readonly phase: StepPhase;
  readonly before: Before;
}

async function settle(
  context: VerbContext,
  run: SettledRun,
  settling: readonly Settling[],
  facts: RunFacts,
): Promise<Moved[]> {
  const decided: (Settling & { readonly decision: Decision })[] = [];
  for (const step of settling) {
    const { condition, before } = step;
    const data = condition === undefined ? undefined : await facts.about(condition.paths);
    decided.push({ ...step, decision: decideStep(condition, before, data) });
  }
  const { spec } = await context.dags.get(context.tx, run.run.dagDigest);
  const isOpened = ({ index, decision }: { index: number; decision: Decision }) =>
    decision === "released" && spec.steps[index]?.foreach !== undefined;
  const plain = decided.filter((step) => !isOpened(step));
  const moved = await move(context, run, plain, facts);
  for (const { index, before } of decided.filter(isOpened)) {
    moved.push({ index, before, phase: await openGroup(context, run, { index, before }, facts) });
  }
  return moved;
}

async function move(
  context: VerbContext,
  { run, now }: SettledRun,
  decided: readonly (Settling & { readonly decision: Decision })[],
  facts: RunFacts,
): Promise<Moved[]> {
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  const moved = decided.map(({ index, before, decision }): Moved => {
    const asks = decision === "released" && spec.steps[index]?.work.kind === "human";
    const event = asks ? "asked" : decision;
    return { index, before, phase: present(stepAfter("waiting", event), "a phase after waiting") };
  });
  await beginIfAsking(context, { run, now }, moved);
  const rows = moved.map(({ index, phase }) => [run.no, index, phase, isTerminalStep(phase) ? now : null]);
  const written = await context.tx.change(stepsSettle, rows);
  invariant(written.size === moved.length, "a step that is settled was waiting");
  for (const { index, phase } of moved) {
    const stepId = parseStepId(present(stepAt(spec, index), "a step").id);
    record(context, run, { kind: "step", stepId, phase, attempt: 0 }, now);
  }
  const ready = moved.filter(({ phase }) => phase === "ready");
  await nowReady(
    context,
    run,
    ready.map(({ index }) => ({ index, since: now })),
  );
  for (const [at, step] of moved.entries()) {
    const work = spec.steps[step.index]?.work;
    if (step.phase !== "suspended" || work?.kind !== "human") continue;
    moved[at] = { ...step, phase: await ask(context, { run, index: step.index, now }, work, facts) };
  }
  return moved;
}
