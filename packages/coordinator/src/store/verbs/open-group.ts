/**
 * Steps with items. A step is opened in the transaction that would have made it ready: its items are rows like any other
 * step's, and the first of them are ready.
 */

import { invariant, present } from "@haversack/base";
import type { StepPhase } from "@haversack/protocol";
import { groupItems, groupPaths } from "../../runs/group-items.ts";
import { groupInsert, groupStart } from "../statements/item-group.ts";
import type { VerbContext } from "../verb.ts";
import { advance } from "./advance-group.ts";
import { refuseGroup } from "./end-group.ts";
import type { SettledRun } from "./ended-step.ts";
import type { RunFacts } from "./expression-data.ts";
import { type Group, groupSpec, phaseAfter } from "./group-row.ts";
import { insertItems } from "./insert-items.ts";
import { record } from "./record.ts";

/** @returns the step's phase: running, or ended when there is nothing to do */
export async function openGroup(
  context: VerbContext,
  settled: SettledRun,
  { index, before }: Pick<Group, "index" | "before">,
  facts: RunFacts,
): Promise<StepPhase> {
  const { tx, dags } = context;
  const { run, now } = settled;
  const dag = await dags.get(tx, run.dagDigest);
  const spec = groupSpec(dag, index);
  const data = await facts.about(groupPaths(spec));
  const made = groupItems(spec, data);
  if ("failure" in made) return await refuseGroup(context, settled, index, made.failure);
  const started = await tx.one(groupStart, run.no, index, now);
  invariant(started !== undefined, "a step that is opened was waiting");
  const state = await insertItems(context, settled, { dag, index, spec }, { values: made.items, data });
  await tx.run(groupInsert, run.no, index, state.total, state.waiting, state.open);
  const phase = phaseAfter("opened");
  const stepId = present(dag.idAt(index), "a step");
  record(context, run, { kind: "step", stepId, phase, attempt: 0, items: state.total }, now);
  return (await advance(context, settled, { index, spec, before, state, released: 0 }))?.phase ?? phase;
}
