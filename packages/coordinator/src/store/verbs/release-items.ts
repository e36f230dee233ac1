/** The next items of a step may start. */

import { invariant } from "@haversack/base";
import { itemId, itemRange } from "@haversack/protocol";
import { afterRelease } from "../../runs/group.ts";
import { integer } from "../rows.ts";
import { itemsRelease } from "../statements/item.ts";
import type { VerbContext } from "../verb.ts";
import { nowReady } from "./ask.ts";
import type { SettledRun } from "./ended-step.ts";
import type { Group } from "./group-row.ts";
import { record } from "./record.ts";

export async function releaseItems(
  context: VerbContext,
  { run, now }: SettledRun,
  group: Group,
  count: number,
): Promise<void> {
  const [from, to] = itemRange((await context.dags.get(context.tx, run.dagDigest)).spec, group.index);
  const rows = await context.tx.all(itemsRelease, run.no, from + group.released, to, count);
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
