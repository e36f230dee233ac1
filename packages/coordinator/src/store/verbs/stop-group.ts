/** Items that are to end because one of them failed: those that nobody runs at once, the others when they hear it. */

import { itemId, itemRange, parseGeneration } from "@haversack/protocol";
import { afterStop } from "../../runs/group.ts";
import { integer, textOrNone } from "../rows.ts";
import * as items from "../statements/item.ts";
import type { VerbContext } from "../verb.ts";
import { cancelChildren } from "./child-view.ts";
import type { SettledRun } from "./ended-step.ts";
import type { Group } from "./group-row.ts";
import { record } from "./record.ts";

export async function stopGroup(context: VerbContext, { run, now }: SettledRun, group: Group): Promise<void> {
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
