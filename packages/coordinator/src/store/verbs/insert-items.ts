/** The items of a step that is opened, as rows. */

import { present } from "@haversack/base";
import { itemId, itemRange, type JsonValue, type Selector } from "@haversack/protocol";
import type { TemplateData } from "../../runs/expression-value.ts";
import { type GroupState, openedGroup } from "../../runs/group.ts";
import { itemLabels } from "../../runs/item-labels.ts";
import type { QueueKey } from "../../runs/queue-key.ts";
import type { CachedDag } from "../dag-cache.ts";
import { integer } from "../rows.ts";
import type { SqlValue } from "../statement.ts";
import { itemsInsert, itemsThere } from "../statements/item.ts";
import { queueOfStep } from "../statements/queue.ts";
import type { VerbContext } from "../verb.ts";
import type { SettledRun } from "./ended-step.ts";
import type { Group } from "./group-row.ts";
import { QueueRows, queueKeyOfRow } from "./queue-rows.ts";

export interface NewItems {
  readonly values: readonly JsonValue[];
  /** What labels may name beside the item. */
  readonly data: TemplateData;
}

/** All wait; those that an earlier run did are there already. */
export async function insertItems(
  context: VerbContext,
  { run, now }: SettledRun,
  { dag, index, spec }: { readonly dag: CachedDag } & Pick<Group, "index" | "spec">,
  { values, data }: NewItems,
): Promise<GroupState> {
  const { tx } = context;
  const [from, to] = itemRange(dag.spec, index);
  const there = await tx.all(itemsThere, run.no, from, to);
  const kept = new Set(there.map((row) => integer(row, "idx") - from));
  const queueOf = queuesOf(context, { run, now }, index);
  const rows: SqlValue[][] = [];
  for (const [item, value] of values.entries()) {
    if (kept.has(item)) continue;
    const labels = itemLabels(spec, { ...data, item: { index: item, value } });
    const queue = labels === undefined ? null : await queueOf(labels);
    rows.push([run.no, index, from + item, itemId(spec.id, item), queue, JSON.stringify(value)]);
  }
  await tx.each(itemsInsert, rows);
  return openedGroup(values.length, kept.size);
}

/** By what an item asks of a worker: the rest items have in common with their step. */
function queuesOf(context: VerbContext, { run, now }: SettledRun, index: number) {
  const rows = new QueueRows(context, now);
  let ofStep: QueueKey | undefined;
  return async (selector: Selector): Promise<number> => {
    ofStep ??= queueKeyOfRow(
      present(await context.tx.one(queueOfStep, run.no, index), "the queue of the step"),
    );
    return (await rows.placeOf({ ...ofStep, selector })).queue;
  };
}
