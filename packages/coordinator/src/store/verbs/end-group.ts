/** The end of a step whose items have all ended: its phase, its outputs, and what it says when it failed. */

import { invariant, present } from "@haversack/base";
import {
  type DagSpec,
  deployOutputs,
  type Failure,
  itemRange,
  type JsonObject,
  localDag,
  type StepPhase,
  type StepSpec,
} from "@haversack/protocol";
import { type GroupEnd, groupFailure } from "../../runs/group.ts";
import { itemOutputs, itemOutputsBytesMax, tooLarge } from "../../runs/item-outputs.ts";
import { integer, integerOrNone, json } from "../rows.ts";
import * as items from "../statements/item.ts";
import { groupEnd, groupRefuse } from "../statements/item-group.ts";
import type { VerbContext } from "../verb.ts";
import type { EndedStep, SettledRun } from "./ended-step.ts";
import { type Group, phaseAfter } from "./group-row.ts";
import { record } from "./record.ts";

export async function endGroup(
  context: VerbContext,
  { run, now }: SettledRun,
  group: Group,
  event: GroupEnd,
): Promise<EndedStep> {
  const { tx, dags } = context;
  const { index, spec, before, state } = group;
  const dag = await dags.get(tx, run.dagDigest);
  const range = [run.no, ...itemRange(dag.spec, index)] as const;
  const bytes = integerOrNone(present(await tx.one(items.itemOutputsSize, ...range), "a sum"), "bytes");
  const large = (bytes ?? 0) > itemOutputsBytesMax ? tooLarge(state.total, bytes ?? 0) : undefined;
  const outputs = large === undefined ? await outputsOf(context, range, group, dag.spec) : {};
  const failure = event === "failed" ? await failureOf(context, range, group) : large;
  const phase = failure === undefined ? event : "failed";
  const told = failure === undefined ? null : JSON.stringify(failure);
  const row = await tx.one(groupEnd, run.no, index, phase, now, told, JSON.stringify(outputs));
  invariant(row !== undefined, "a step whose items have ended was running");
  const stepId = present(dag.idAt(index), "a step");
  const change = { kind: "step", stepId, phase, attempt: 0 } as const;
  record(context, run, failure === undefined ? change : { ...change, failure }, now);
  return { index, phase, continueOnError: spec.continueOnError === true, before };
}

type Range = readonly [run: number, from: number, to: number];

async function outputsOf(
  { tx }: VerbContext,
  range: Range,
  { spec, state }: Group,
  dag: DagSpec,
): Promise<JsonObject> {
  const rows = await tx.all(items.itemOutputs, ...range);
  const byItem = rows.map(
    (row) => [integer(row, "idx") - range[1], json<JsonObject>(row, "outputs")] as const,
  );
  const { work } = spec;
  return itemOutputs(promisedBy(work, spec.outputs, dag), new Map(byItem), state.total);
}

function promisedBy(work: StepSpec["work"], outputs: readonly string[], dag: DagSpec): readonly string[] {
  if (work.kind === "deploy") return deployOutputs;
  return work.kind === "dag" ? Object.keys(localDag(dag, work.use)?.outputs ?? {}) : outputs;
}

async function failureOf({ tx }: VerbContext, range: Range, { state }: Group): Promise<Failure> {
  const row = present(await tx.one(items.itemFirstFailed, ...range), "the item that failed");
  const first = { item: integer(row, "idx") - range[1], failure: json<Failure>(row, "failure") };
  return groupFailure(state, first);
}

/** It fails before it begins. */
export async function refuseGroup(
  context: VerbContext,
  { run, now }: SettledRun,
  index: number,
  failure: Failure,
): Promise<StepPhase> {
  const { tx, dags } = context;
  const row = await tx.one(groupRefuse, run.no, index, now, JSON.stringify(failure));
  invariant(row !== undefined, "a step that is refused was waiting");
  const phase = phaseAfter("failed");
  const stepId = present((await dags.get(tx, run.dagDigest)).idAt(index), "a step");
  record(context, run, { kind: "step", stepId, phase, attempt: 0, failure }, now);
  return phase;
}
