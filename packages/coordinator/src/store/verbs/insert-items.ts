/** The items of a step that is opened, as rows. */

import { itemId, itemRange, type JsonValue } from "@haversack/protocol";
import type { TemplateData } from "../../runs/expression-value.ts";
import { type GroupState, openedGroup } from "../../runs/group.ts";
import type { CachedDag } from "../dag-cache.ts";
import { integer } from "../rows.ts";
import type { SqlValue } from "../statement.ts";
import { itemsInsert, itemsThere } from "../statements/item.ts";
import type { VerbContext } from "../verb.ts";
import type { SettledRun } from "./ended-step.ts";
import type { Group } from "./group-row.ts";
import { standing } from "./item-places.ts";

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
