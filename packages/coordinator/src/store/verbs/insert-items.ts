import { itemId, itemRange, type JsonValue } from "@haversack/protocol";
import type { TemplateData } from "../../runs/expression-value.ts";
import { type GroupState, openedGroup } from "../../runs/group.ts";
import { itemLabels } from "../../runs/item-labels.ts";
import type { CachedDag } from "../dag-cache.ts";
import { integer } from "../rows.ts";
import { itemsInsert, itemsThere } from "../statements/item.ts";
import type { VerbContext } from "../verb.ts";
import type { SettledRun } from "./ended-step.ts";
import type { Group } from "./group-row.ts";

export interface NewItems {
  readonly values: readonly JsonValue[];
  /** What labels may name beside the item. */
  readonly data: TemplateData;
}

/** All wait; those that an earlier run did are there already. */
export async function insertItems(
  { tx }: VerbContext,
  { run }: SettledRun,
  { dag, index, spec }: { readonly dag: CachedDag } & Pick<Group, "index" | "spec">,
  { values, data }: NewItems,
): Promise<GroupState> {
  const [from, to] = itemRange(dag.spec, index);
  const there = await tx.all(itemsThere, run.no, from, to);
  const kept = new Set(there.map((row) => integer(row, "idx") - from));
  const rows = [...values.entries()]
    .filter(([item]) => !kept.has(item))
    .map(([item, value]) => {
      const labels = itemLabels(spec, { ...data, item: { index: item, value } });
      const own = labels === undefined ? null : JSON.stringify(labels);
      return [run.no, index, from + item, itemId(spec.id, item), own, JSON.stringify(value)];
    });
  await tx.each(itemsInsert, rows);
  return openedGroup(values.length, kept.size);
}
