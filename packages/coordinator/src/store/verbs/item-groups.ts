/** Ends of items, counted for the steps that they are items of. */

import { itemAt } from "@haversack/protocol";
import { afterItem, afterStop } from "../../runs/group.ts";
import { groupsGet, groupsOpen } from "../statements/item-group.ts";
import type { VerbContext } from "../verb.ts";
import { advance } from "./advance-group.ts";
import type { EndedStep, SettledRun } from "./ended-step.ts";
import { groupOfRow } from "./group-row.ts";

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
  for (const row of await context.tx.each(groupsGet, keys)) {
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
  for (const row of await context.tx.all(groupsOpen, settled.run.no)) {
    const group = groupOfRow(dag, row);
    group.state = afterStop(group.state, byGroup.get(group.index)?.length ?? 0);
    const end = await advance(context, settled, group);
    if (end !== undefined) ended.push(end);
  }
  return ended;
}
