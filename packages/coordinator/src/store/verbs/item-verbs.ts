/** Items of steps, one by one. */

import { present } from "@haversack/base";
import { itemAt, itemRange, type JsonValue, type RunId, type Step, stepAt } from "@haversack/protocol";
import { noStep } from "../missing.ts";
import { integer, json } from "../rows.ts";
import { artifactsOfItems, itemsPage } from "../statements/item.ts";
import type { VerbContext } from "../verb.ts";
import { childRunsOf } from "./child-view.ts";
import { artifactOfRow, stepOfRow } from "./run-verbs.ts";
import { extrasOfSteps } from "./step-extras.ts";

export interface ItemsQuery {
  readonly id: RunId;
  /** A step with items, or one of its items. */
  readonly stepId: string;
  /** From this position on. */
  readonly from: number;
  readonly limit: number;
}

/** @returns with each item its number in the store */
export async function itemsRead(context: VerbContext, { id, stepId, from: first, limit }: ItemsQuery) {
  const { tx } = context;
  const run = await context.runs.get(id);
  const dag = await context.dags.get(tx, run.dagDigest);
  const { spec, indexOf } = dag;
  const index = indexOf.get(stepId);
  if (index === undefined) throw noStep(id, stepId);
  const place = itemAt(spec, index);
  const [from, to] = place === undefined ? itemRange(spec, index) : [index, index + 1];
  const rows = await tx.all(itemsPage, run.no, from + first, to, limit);
  if (place !== undefined && rows.length === 0) throw noStep(id, stepId);
  const last = rows.at(-1);
  const range = [from + first, last === undefined ? from + first : integer(last, "idx") + 1] as const;
  const files = await tx.all(artifactsOfItems, run.no, ...range);
  const children = await childRunsOf(context, run, range);
  const artifacts = Map.groupBy(files, (row) => integer(row, "idx"));
  const extras = await extrasOfSteps(context, run, dag);
  return rows.map((row) => {
    const number = integer(row, "idx");
    const childRunId = children.get(number);
    const step: Step = {
      ...stepOfRow(
        row,
        present(stepAt(spec, number), "a step"),
        (artifacts.get(number) ?? []).map(artifactOfRow),
      ),
      item: { value: json<JsonValue>(row, "item") },
      ...extras(number),
      ...(childRunId === undefined ? {} : { childRunId }),
    };
    return { index: number, step };
  });
}
