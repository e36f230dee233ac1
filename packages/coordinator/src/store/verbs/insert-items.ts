/** The items of a step that is opened, as rows. */

import { present } from "@haversack/base";
import { itemId, itemRange, type JsonValue } from "@haversack/protocol";
import { needOf, withDeployment } from "../../runs/deployment-name.ts";
import type { TemplateData } from "../../runs/expression-value.ts";
import { render } from "../../runs/expressions.ts";
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
import { type QueuePlace, QueueRows, queueKeyOfRow } from "./queue-rows.ts";

export interface NewItems {
  readonly values: readonly JsonValue[];
  /** What labels may name beside the item. */
  readonly data: TemplateData;
}

/** All wait; those that an earlier run did are there already. Throws FaultError `invalid` when the name that an item deploys is none. */
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
  const stands = standing(context, { run, now }, { index, spec });
  const rows: SqlValue[][] = [];
  for (const [item, value] of values.entries()) {
    if (kept.has(item)) continue;
    const place = await stands({ ...data, item: { index: item, value } });
    const row = [
      run.no,
      index,
      from + item,
      itemId(spec.id, item),
      place?.queue ?? null,
      JSON.stringify(value),
    ];
    rows.push([...row, place?.gated ?? null]);
  }
  await tx.each(itemsInsert, rows);
  return openedGroup(values.length, kept.size);
}

/** Where an item stands, by what it asks of a worker and what it deploys; undefined: where its step does. */
function standing(
  context: VerbContext,
  { run, now }: SettledRun,
  { index, spec }: Pick<Group, "index" | "spec">,
): (data: TemplateData) => Promise<QueuePlace | undefined> {
  const rows = new QueueRows(context, now);
  let ofStep: QueueKey | undefined;
  return async (data) => {
    const { work } = spec;
    const selector = itemLabels(spec, data);
    const need = work.kind === "deploy" ? needOf(work, (text) => render(text, data)) : undefined;
    if (selector === undefined && need === undefined) return undefined;
    ofStep ??= queueKeyOfRow(
      present(await context.tx.one(queueOfStep, run.no, index), "the queue of the step"),
    );
    const key = selector === undefined ? ofStep : { ...ofStep, selector };
    if (need === undefined) return await rows.placeOf(key);
    return await rows.placeOf({ ...key, limits: withDeployment(key.limits, need), deployment: need });
  };
}
