/**
 * What follows from the end of items (`runs/group.ts`), in the same transaction: the next ones, the end of the others, the
 * end of their step. The work for an item does not grow with their number, but for a stop and the end, which come once.
 */

import { invariant } from "@haversack/base";
import { itemId, itemRange, parseGeneration } from "@haversack/protocol";
import { afterRelease, afterStop, groupMove } from "../../runs/group.ts";
import { integer, textOrNone } from "../rows.ts";
import * as items from "../statements/item.ts";
import { groupSave } from "../statements/item-group.ts";
import type { VerbContext } from "../verb.ts";
import { nowReady } from "./ask.ts";
import { cancelChildren } from "./child-view.ts";
import { endGroup } from "./end-group.ts";
import type { EndedStep, SettledRun } from "./ended-step.ts";
import type { Group } from "./group-row.ts";
import { record } from "./record.ts";

/** Until there is nothing to do but wait. @returns the step, when it has ended */
export async function advance(
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
      return move.kind === "end" ? await endGroup(context, settled, group, move.event) : undefined;
    }
  }
}

async function save({ tx }: VerbContext, { run }: SettledRun, group: Group): Promise<void> {
  const { waiting, open, failed, cancelled, isStopped } = group.state;
  const counts = [waiting, open, failed, cancelled, Number(isStopped), group.released];
  await tx.run(groupSave, run.no, group.index, ...counts);
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
  await nowReady(
    context,
    run,
    released.map((item) => ({ index: from + item, since: now })),
  );
}

async function stop(context: VerbContext, { run, now }: SettledRun, group: Group): Promise<void> {
  const { tx, touched } = context;
  const [from, to] = itemRange((await context.dags.get(tx, run.dagDigest)).spec, group.index);
  const idle = await tx.all(items.itemsCancelIdle, run.no, from, to, now);
  for (const row of idle.toSorted((a, b) => integer(a, "idx") - integer(b, "idx"))) {
    const stepId = itemId(group.spec.id, integer(row, "idx") - from);
    record(context, run, { kind: "step", stepId, phase: "cancelled", attempt: integer(row, "attempt") }, now);
  }
  if (group.spec.work.kind === "dag") await cancelChildren(context, run);
  for (const row of await tx.all(items.itemsTellEnd, run.no, from, to)) {
    const generation = textOrNone(row, "generation");
    // One that is a run of its own, which is cancelled.
    if (generation === undefined) continue;
    const stepId = itemId(group.spec.id, integer(row, "idx") - from);
    const attempt = integer(row, "attempt");
    touched.cancelled.push({ runId: run.id, stepId, generation: parseGeneration(generation), attempt });
  }
  group.state = afterStop(group.state, idle.length);
}
