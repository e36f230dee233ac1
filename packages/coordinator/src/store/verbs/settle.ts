/**
 * What the end of steps decides for those behind them, in the same transaction. The work is proportional to the direct
 * dependents of what ended; chains of steps that are skipped or blocked settle one after the other, without recursion.
 */

import { invariant, present } from "@haversack/base";
import { isTerminalStep, parseStepId, type StepPhase, stepAt } from "@haversack/protocol";
import type { Condition } from "../../runs/conditions.ts";
import { type Before, type Decision, decideStep, nothingBefore, passedOn } from "../../runs/outcomes.ts";
import { stepAfter } from "../../runs/step-moves.ts";
import { integer } from "../rows.ts";
import type { Row } from "../statement.ts";
import { stepsDependencyEnded, stepsSettle } from "../statements/outcome.ts";
import type { VerbContext } from "../verb.ts";
import { beforeOfRow, type EndedStep, type SettledRun } from "./ended-step.ts";
import { RunFacts } from "./expression-data.ts";
import { openGroup } from "./open-group.ts";
import { record, tellReady } from "./record.ts";

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
    const free = await dependenciesEnded(context, run, waitingBehind(level, graph.dependents));
    const settling = free.map((row): Settling => {
      const index = integer(row, "idx");
      return { index, condition: conditions[index], before: beforeOfRow(row) };
    });
    const moved = await settle(context, run, settling, facts);
    level = moved
      .filter(({ phase }) => isTerminalStep(phase))
      .map((step) => ({ ...step, continueOnError: spec.steps[step.index]?.continueOnError === true }));
    count += level.length;
  }
  return count;
}

/** Decides steps that wait for nobody and have an `if`, or items. @returns how many steps ended */
export async function settleFirst(
  context: VerbContext,
  run: SettledRun,
  indexes: readonly number[],
): Promise<number> {
  const { spec, conditions } = await context.dags.get(context.tx, run.run.dagDigest);
  const undecided = indexes.filter(
    (index) => conditions[index] !== undefined || spec.steps[index]?.foreach !== undefined,
  );
  return await settleFree(context, run, undecided);
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
  const ended = moved
    .filter(({ phase }) => isTerminalStep(phase))
    .map((step) => ({ ...step, continueOnError: spec.steps[step.index]?.continueOnError === true }));
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
      ? await move(context, run, [{ ...settling, decision: "skipped" }])
      : await settle(context, run, [settling], facts);
  return present(moved, "the handler").phase;
}

/** What steps that end together pass on to each step behind them. */
interface Passed {
  count: number;
  unsatisfied: boolean;
  hasFailed: boolean;
  hasCancelled: boolean;
}

function waitingBehind(
  ended: readonly EndedStep[],
  dependents: readonly (readonly number[])[],
): ReadonlyMap<number, Passed> {
  const behind = new Map<number, Passed>();
  for (const { index, phase, continueOnError, before } of ended) {
    const passes = passedOn(phase, continueOnError, before);
    for (const dependent of dependents[index] ?? []) {
      const all = behind.get(dependent) ?? {
        count: 0,
        unsatisfied: false,
        hasFailed: false,
        hasCancelled: false,
      };
      all.count += 1;
      all.unsatisfied ||= !passes.isSatisfied;
      all.hasFailed ||= passes.hasFailed;
      all.hasCancelled ||= passes.hasCancelled;
      behind.set(dependent, all);
    }
  }
  return behind;
}

/** @returns the steps that wait for nobody any more; not those that have ended already, such as by a cancel */
async function dependenciesEnded(
  { tx }: VerbContext,
  { run }: SettledRun,
  behind: ReadonlyMap<number, Passed>,
): Promise<Row[]> {
  const rows = [...behind].map(([index, passed]) => [
    run.no,
    index,
    passed.count,
    Number(passed.unsatisfied),
    Number(passed.hasFailed),
    Number(passed.hasCancelled),
  ]);
  const told = await tx.each(stepsDependencyEnded, rows);
  return told.filter((row) => integer(row, "waiting_for") === 0);
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
  const moved = await move(
    context,
    run,
    decided.filter((step) => !isOpened(step)),
  );
  for (const { index, before } of decided.filter(isOpened)) {
    moved.push({ index, before, phase: await openGroup(context, run, { index, before }, facts) });
  }
  return moved;
}

async function move(
  context: VerbContext,
  { run, now }: SettledRun,
  decided: readonly (Settling & { readonly decision: Decision })[],
): Promise<Moved[]> {
  const moved = decided.map(({ index, before, decision }): Moved => {
    return { index, before, phase: present(stepAfter("waiting", decision), "a phase after waiting") };
  });
  const rows = moved.map(({ index, phase }) => [run.no, index, phase, phase === "ready" ? null : now]);
  const written = await context.tx.change(stepsSettle, rows);
  invariant(written.size === moved.length, "a step that is settled was waiting");
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  for (const { index, phase } of moved) {
    const stepId = parseStepId(present(stepAt(spec, index), "a step").id);
    record(context, run, { kind: "step", stepId, phase, attempt: 0 }, now);
  }
  if (moved.some(({ phase }) => phase === "ready")) await tellReady(context, run);
  return moved;
}
