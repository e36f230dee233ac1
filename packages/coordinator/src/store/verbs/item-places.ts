/** The queues in which the items of a step stand. */

import { present } from "@haversack/base";
import { needOf, withDeployment } from "../../runs/deployment-name.ts";
import type { TemplateData } from "../../runs/expression-value.ts";
import { render } from "../../runs/expressions.ts";
import { itemLabels } from "../../runs/item-labels.ts";
import type { QueueKey } from "../../runs/queue-key.ts";
import { queueOfStep } from "../statements/queue.ts";
import type { VerbContext } from "../verb.ts";
import type { SettledRun } from "./ended-step.ts";
import type { Group } from "./group-row.ts";
import { type QueuePlace, QueueRows, queueKeyOfRow } from "./queue-rows.ts";

/** Where an item stands, by what it asks of a worker and what it deploys; undefined: where its step does. */
export function standing(
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
