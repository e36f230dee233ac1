/** The steps of a run that is retried: done again, or kept with what they made. */

import { present } from "@haversack/base";
import { allSteps, type RunLabels, type StepPhase } from "@haversack/protocol";
import { integer, json, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { artifactsCarry, stepsCarry, stepsRepeat } from "../statements/retry.ts";
import { runGet } from "../statements/run.ts";
import { stepsInsert } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { firstPhase, placesOf, shareOf, stepRow } from "./new-steps.ts";
import { record } from "./record.ts";
import { carryGroups, itemsToKeep, type KeptItems } from "./retry-items.ts";
import { type RunSubmission, unpacked } from "./run-submit.ts";

export interface Repeating {
  readonly earlier: RunState;
  readonly run: RunState;
  readonly again: ReadonlySet<number>;
  /** The new one waits for others. */
  readonly held: boolean;
  /** Pins of today's library; absent: those of the earlier run. */
  readonly pinned?: Pick<RunSubmission, "steps" | "packs">;
  /** This step is done again even if it succeeded. */
  readonly fromStep?: string;
  readonly now: number;
}

type Rows = ReturnType<typeof stepRow>[];

/** @returns the steps that wait for nobody */
export async function repeatSteps(
  context: VerbContext,
  { earlier, run, again, held, pinned, fromStep, now }: Repeating,
): Promise<readonly number[]> {
  const { tx } = context;
  const first: number[] = [];
  const carried: Rows = [];
  const repeated: Rows = [];
  const inserted: Rows = [];
  const kept: KeptItems[] = [];
  const { spec, graph, idAt } = await context.dags.get(tx, run.dagDigest);
  const pins = pinned === undefined ? undefined : { ...pinned, steps: unpacked(pinned.steps) };
  const places =
    pins === undefined ? [] : await placesOf(context, await shareOfRun(context, earlier), { ...pins, now });
  for (const [index, step] of allSteps(spec).entries()) {
    if (step.handler === undefined && !again.has(index)) {
      carried.push([earlier.no, run.no, index]);
      if (step.foreach !== undefined) kept.push({ index, isWhole: true });
      continue;
    }
    const waitingFor = (graph.depends[index] ?? []).filter((dependency) => again.has(dependency)).length;
    if (waitingFor === 0 && step.handler === undefined) first.push(index);
    if (waitingFor === 0 && step.foreach !== undefined && fromStep !== step.id)
      kept.push({ index, isWhole: false });
    const own = pins?.steps[index];
    const phase = held ? "waiting" : firstPhase(step, waitingFor);
    if (own === undefined) repeated.push([earlier.no, run.no, index, phase, waitingFor]);
    else {
      const stands = present(places[index], "its queue");
      inserted.push(stepRow({ run, index, step, waitingFor, held }, own, stands));
    }
  }
  await Promise.all([tx.each(stepsInsert, inserted), tx.each(stepsRepeat, repeated)]);
  const items = await itemsToKeep(context, { earlier, run }, kept, fromStep);
  const all = [...carried, ...items.map((index) => [earlier.no, run.no, index])];
  const rows = await tx.each(stepsCarry, all);
  await tx.each(artifactsCarry, all);
  const totals = await carryGroups(context, { earlier, run }, kept);
  for (const row of rows.toSorted((a, b) => integer(a, "idx") - integer(b, "idx"))) {
    const index = integer(row, "idx");
    const [stepId, phase] = [present(idAt(index), "a step"), text(row, "phase") as StepPhase];
    const total = totals.get(index);
    const change = { kind: "step", stepId, phase, attempt: 0 } as const;
    record(context, run, total === undefined ? change : { ...change, items: total }, now);
  }
  return first;
}

async function shareOfRun({ tx }: VerbContext, { id, dagName }: RunState): Promise<string> {
  return shareOf(dagName, json<RunLabels>(present(await tx.one(runGet, id), `run ${id}`), "run_labels"));
}
