/**
 * Steps with items. A step is opened in the transaction that would have made it ready: its items are rows like any other
 * step's, the first of them ready. Each end of an item moves the step's row of counters, and what follows (`runs/group.ts`)
 * happens in the same transaction: the next items, the end of the others, the end of the step. The work for an item does not
 * grow with their number, but for a stop and the end, which come once.
 */

import { invariant, present } from "@haversack/base";
import {
  type Failure,
  type ForeachSpec,
  itemAt,
  itemId,
  itemRange,
  type JsonObject,
  parseGeneration,
  type StepPhase,
  type StepSpec,
} from "@haversack/protocol";
import { foreachPaths, itemsOf } from "../../runs/foreach-items.ts";
import {
  afterItem,
  afterRelease,
  afterStop,
  type GroupEnd,
  type GroupState,
  groupFailure,
  groupMove,
  openedGroup,
} from "../../runs/group.ts";
import { itemLabels } from "../../runs/item-labels.ts";
import { itemOutputs, itemOutputsBytesMax, tooLarge } from "../../runs/item-outputs.ts";
import type { Before } from "../../runs/outcomes.ts";
import { stepAfter } from "../../runs/step-moves.ts";
import type { CachedDag } from "../dag-cache.ts";
import { flag, integer, integerOrNone, json, text } from "../rows.ts";
import type { Row, SqlValue } from "../statement.ts";
import * as items from "../statements/item.ts";
import * as groups from "../statements/item-group.ts";
import type { VerbContext } from "../verb.ts";
import { beforeOfRow } from "./attempt-row.ts";
import type { EndedStep, SettledRun } from "./ended-step.ts";
import type { RunFacts } from "./expression-data.ts";
import { record } from "./record.ts";

/** A step whose items are known. */
interface Group {
  readonly index: number;
  readonly spec: StepSpec & { readonly foreach: ForeachSpec };
  readonly before: Before;
  state: GroupState;
  /** None before this position waits. */
  released: number;
}

export interface Opening {
  readonly index: number;
  readonly before: Before;
}

/** @returns the step's phase: running, or ended when there is nothing to do */
export async function openGroup(
  context: VerbContext,
  settled: SettledRun,
  { index, before }: Opening,
  facts: RunFacts,
): Promise<StepPhase> {
  const { run, now } = settled;
  const dag = await context.dags.get(context.tx, run.dagDigest);
  const spec = groupSpec(dag, index);
  const data = await facts.about(foreachPaths(spec.foreach));
  const made = itemsOf(spec.foreach, data);
  if (!made.ok) return await refuse(context, settled, { index, problem: made.problem });
  const total = made.items.length;
  const [from, to] = itemRange(dag.spec, index);
  const there = new Set(
    (await context.tx.all(items.itemsThere, run.no, from, to)).map((row) => integer(row, "idx") - from),
  );
  const rows = made.items.flatMap((value, item): SqlValue[][] => {
    if (there.has(item)) return [];
    const labels = itemLabels(spec, { ...data, item: { index: item, value } });
    const own = labels === undefined ? null : JSON.stringify(labels);
    return [[run.no, index, from + item, itemId(spec.id, item), own, JSON.stringify(value)]];
  });
  const state = openedGroup(total, there.size);
  const group = { index, spec, before, state, released: 0 };
  const started = await context.tx.one(groups.groupStart, run.no, index, now);
  invariant(started !== undefined, "a step that is opened was waiting");
  await context.tx.each(items.itemsInsert, rows);
  await context.tx.run(groups.groupInsert, run.no, index, total, state.waiting, state.open);
  const phase = present(stepAfter("waiting", "opened"), "a phase after waiting");
  const stepId = present(dag.idAt(index), "a step");
  record(context, run, { kind: "step", stepId, phase, attempt: 0, items: total }, now);
  return (await advance(context, settled, group))?.phase ?? phase;
}

async function refuse(
  context: VerbContext,
  { run, now }: SettledRun,
  { index, problem: message }: { readonly index: number; readonly problem: string },
): Promise<StepPhase> {
  const failure = { code: "bad_items", message };
  const dag = await context.dags.get(context.tx, run.dagDigest);
  const row = await context.tx.one(groups.groupRefuse, run.no, index, now, JSON.stringify(failure));
  invariant(row !== undefined, "a step that is refused was waiting");
  const phase = present(stepAfter("waiting", "failed"), "a phase after waiting");
  const stepId = present(dag.idAt(index), "a step");
  record(context, run, { kind: "step", stepId, phase, attempt: 0, failure }, now);
  return phase;
}

/** Those of the ended ones that are steps of the DAG, and the steps that ended with their last item. */
export async function itemsEnded(
  context: VerbContext,
  settled: SettledRun,
  ended: readonly EndedStep[],
): Promise<readonly EndedStep[]> {
  const dag = await context.dags.get(context.tx, settled.run.dagDigest);
  const byGroup = Map.groupBy(ended, ({ index }) => itemAt(dag.spec, index)?.group);
  const steps = [...(byGroup.get(undefined) ?? [])];
  byGroup.delete(undefined);
  if (byGroup.size === 0) return steps;
  const keys = [...byGroup.keys()].map((index) => [settled.run.no, index ?? -1]);
  for (const row of await context.tx.each(groups.groupsGet, keys)) {
    const group = groupOfRow(dag, row);
    for (const { phase } of byGroup.get(group.index) ?? []) group.state = afterItem(group.state, phase);
    const end = await advance(context, settled, group);
    if (end !== undefined) steps.push(end);
  }
  return steps;
}

/**
 * Their run is being cancelled: nothing is released any more.
 *
 * @param idle numbers of the items that nobody ran, and that have ended
 * @returns the steps that ended with them
 */
export async function groupsCancelled(
  context: VerbContext,
  settled: SettledRun,
  idle: readonly number[],
): Promise<readonly EndedStep[]> {
  const dag = await context.dags.get(context.tx, settled.run.dagDigest);
  if (!dag.hasItems) return [];
  const byGroup = Map.groupBy(idle, (index) => itemAt(dag.spec, index)?.group);
  const ended: EndedStep[] = [];
  for (const row of await context.tx.all(groups.groupsOpen, settled.run.no)) {
    const group = groupOfRow(dag, row);
    group.state = afterStop(group.state, byGroup.get(group.index)?.length ?? 0);
    const end = await advance(context, settled, group);
    if (end !== undefined) ended.push(end);
  }
  return ended;
}

/** Until there is nothing to do but wait. @returns the step, when it has ended */
async function advance(
  context: VerbContext,
  settled: SettledRun,
  group: Group,
): Promise<EndedStep | undefined> {
  const { continueOnError, foreach } = group.spec;
  const rule = { ...foreach, ...(continueOnError === undefined ? {} : { continueOnError }) };
  for (;;) {
    const move = groupMove(rule, group.state);
    if (move.kind === "release") await release(context, settled, group, move.count);
    else if (move.kind === "stop") await stop(context, settled, group);
    else {
      await save(context, settled, group);
      return move.kind === "end" ? await end(context, settled, group, move.event) : undefined;
    }
  }
}

async function save({ tx }: VerbContext, { run }: SettledRun, group: Group): Promise<void> {
  const { waiting, open, failed, cancelled, isStopped } = group.state;
  const counts = [waiting, open, failed, cancelled, Number(isStopped), group.released];
  await tx.run(groups.groupSave, run.no, group.index, ...counts);
}

async function release(
  context: VerbContext,
  { run, now }: SettledRun,
  group: Group,
  count: number,
): Promise<void> {
  const [from, to] = itemRange((await context.dags.get(context.tx, run.dagDigest)).spec, group.index);
  const rows = await context.tx.all(items.itemsRelease, run.no, from + group.released, to, count);
  invariant(rows.length === count, "as many items wait as were counted");
  const released = rows.map((row) => integer(row, "idx") - from).toSorted((a, b) => a - b);
  for (const item of released) {
    const stepId = itemId(group.spec.id, item);
    record(context, run, { kind: "step", stepId, phase: "ready", attempt: 0 }, now);
  }
  group.state = afterRelease(group.state, count);
  group.released = (released.at(-1) ?? 0) + 1;
  context.touched.ready = true;
}

async function stop(context: VerbContext, { run, now }: SettledRun, group: Group): Promise<void> {
  const { tx, touched } = context;
  const [from, to] = itemRange((await context.dags.get(tx, run.dagDigest)).spec, group.index);
  const idle = await tx.all(items.itemsCancelIdle, run.no, from, to, now);
  for (const row of idle.toSorted((a, b) => integer(a, "idx") - integer(b, "idx"))) {
    const stepId = itemId(group.spec.id, integer(row, "idx") - from);
    record(context, run, { kind: "step", stepId, phase: "cancelled", attempt: integer(row, "attempt") }, now);
  }
  for (const row of await tx.all(items.itemsTellEnd, run.no, from, to)) {
    touched.cancelled.push({
      runId: run.id,
      stepId: itemId(group.spec.id, integer(row, "idx") - from),
      generation: parseGeneration(text(row, "generation")),
      attempt: integer(row, "attempt"),
    });
  }
  group.state = afterStop(group.state, idle.length);
}

async function end(
  context: VerbContext,
  { run, now }: SettledRun,
  group: Group,
  event: GroupEnd,
): Promise<EndedStep> {
  const { tx, dags } = context;
  const { index, spec, before, state } = group;
  const dag = await dags.get(tx, run.dagDigest);
  const range = [run.no, ...itemRange(dag.spec, index)] as const;
  const bytes = integerOrNone(present(await tx.one(items.itemOutputsSize, ...range), "a sum"), "bytes");
  const large = (bytes ?? 0) > itemOutputsBytesMax ? tooLarge(state.total, bytes ?? 0) : undefined;
  const outputs = large === undefined ? await outputsOf(context, range, group) : {};
  const failure = event === "failed" ? await failureOf(context, range, group) : large;
  const phase = failure === undefined ? event : "failed";
  const told = failure === undefined ? null : JSON.stringify(failure);
  const row = await tx.one(groups.groupEnd, run.no, index, phase, now, told, JSON.stringify(outputs));
  invariant(row !== undefined, "a step whose items have ended was running");
  const stepId = present(dag.idAt(index), "a step");
  const change = { kind: "step", stepId, phase, attempt: 0 } as const;
  record(context, run, failure === undefined ? change : { ...change, failure }, now);
  return { index, phase, continueOnError: spec.continueOnError === true, before };
}

type Range = readonly [run: number, from: number, to: number];

async function outputsOf({ tx }: VerbContext, range: Range, { spec, state }: Group): Promise<JsonObject> {
  const rows = await tx.all(items.itemOutputs, ...range);
  const byItem = rows.map(
    (row) => [integer(row, "idx") - range[1], json<JsonObject>(row, "outputs")] as const,
  );
  return itemOutputs(spec.outputs, new Map(byItem), state.total);
}

async function failureOf({ tx }: VerbContext, range: Range, { state }: Group): Promise<Failure> {
  const row = present(await tx.one(items.itemFirstFailed, ...range), "the item that failed");
  const first = { item: integer(row, "idx") - range[1], failure: json<Failure>(row, "failure") };
  return groupFailure(state, first);
}

function groupOfRow(dag: CachedDag, row: Row): Group {
  const index = integer(row, "idx");
  const [total, waiting, open] = [integer(row, "total"), integer(row, "waiting"), integer(row, "open")];
  const [failed, cancelled] = [integer(row, "failed"), integer(row, "cancelled")];
  return {
    index,
    spec: groupSpec(dag, index),
    before: beforeOfRow(row),
    state: { total, waiting, open, failed, cancelled, isStopped: flag(row, "stopped") },
    released: integer(row, "released"),
  };
}

function groupSpec({ spec }: CachedDag, index: number): Group["spec"] {
  const step = present(spec.steps[index], "a step");
  return { ...step, foreach: present(step.foreach, "what the step is done for") };
}
