/** Retrying a run: a new one, in one transaction, which does again what has to be and keeps the rest. */

import { FaultError, present } from "@haversack/base";
import {
  allSteps,
  type Digest,
  isTerminalRun,
  itemOfId,
  type RunId,
  type StepPhase,
  stepsCount,
} from "@haversack/protocol";
import { stepsToRepeat } from "../../runs/repeat.ts";
import { noRun, noStep } from "../missing.ts";
import { integer, text } from "../rows.ts";
import { newRun, type RunState } from "../run-states.ts";
import {
  artifactsCarry,
  runRepeat,
  runSource,
  stepPhases,
  stepsCarry,
  stepsRepeat,
} from "../statements/retry.ts";
import { runByKey } from "../statements/run.ts";
import { runLabelsCarry } from "../statements/run-list.ts";
import { stepsInsert } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { decideFirst } from "./end-run.ts";
import { record, recordRun } from "./record.ts";
import { carryGroups, isThere, itemsToKeep, type KeptItems } from "./retry-items.ts";
import { existingRun, firstPhase, insertPacks, type RunSubmission, stepRow } from "./run-submit.ts";

export interface RetryRequest {
  readonly id: RunId;
  readonly newId: RunId;
  /** This step and all that depends on it are done again even if they succeeded. */
  readonly fromStep?: string;
  /** Pins of today's library; absent: those of the earlier run. */
  readonly pinned?: Pick<RunSubmission, "steps" | "packs">;
  readonly idempotencyKey?: string;
  readonly bodyDigest: Digest;
  readonly now: number;
}

export async function runRetry(context: VerbContext, request: RetryRequest) {
  const { tx } = context;
  const { id, newId, now, idempotencyKey: key } = request;
  const existing = key === undefined ? undefined : await tx.one(runByKey, key);
  if (existing !== undefined) return existingRun(existing, request.bodyDigest);
  const earlier = await context.runs.get(id);
  const again = await whatToRepeat(context, earlier, request.fromStep);
  await insertPacks(context, request.pinned?.packs ?? [], now);
  const row = await tx.one(runRepeat, earlier.no, newId, key ?? null, request.bodyDigest, now, again.size);
  const no = integer(present(row, "the run that was inserted"), "no");
  await tx.run(runLabelsCarry, earlier.no, no, now);
  const run = newRun({ ...earlier, no, id: newId, unfinished: again.size });
  context.runs.add(run);
  recordRun(context, run, now);
  const first = await insertSteps(context, { earlier, run, again }, request);
  context.touched.ready = true;
  await decideFirst(context, { run, now }, first);
  return { runId: newId, existed: false };
}

async function whatToRepeat(
  context: VerbContext,
  run: RunState,
  fromStep: string | undefined,
): Promise<ReadonlySet<number>> {
  const { id } = run;
  if (!isTerminalRun(run.status)) {
    const message = `run ${id} is ${run.status}; wait for its end, or cancel it first`;
    throw new FaultError("conflict", "run_not_ended", message);
  }
  const { spec, graph } = await context.dags.get(context.tx, run.dagDigest);
  const asked = fromStep === undefined ? undefined : (itemOfId(fromStep)?.groupId ?? fromStep);
  const from = asked === undefined ? undefined : graph.indexOf.get(asked);
  if (fromStep !== undefined && (from === undefined || !(await isThere(context, run, fromStep))))
    throw noStep(id, fromStep);
  const steps = await context.tx.all(stepPhases, run.no, stepsCount(spec));
  // Handlers come again with every run.
  const phases = steps.slice(0, spec.steps.length).map((step) => text(step, "phase") as StepPhase);
  const again = stepsToRepeat(graph, phases, from);
  if (again.size > 0) return again;
  const message = `every step of run ${id} succeeded; name the step to start from`;
  throw new FaultError("conflict", "nothing_to_retry", message);
}

type StepValues = ReturnType<typeof stepRow>;

interface Repeating {
  readonly earlier: RunState;
  readonly run: RunState;
  readonly again: ReadonlySet<number>;
}

/** @returns the steps that wait for nobody */
async function insertSteps(
  context: VerbContext,
  { earlier, run, again }: Repeating,
  { pinned, now, fromStep }: RetryRequest,
): Promise<readonly number[]> {
  const { tx } = context;
  const first: number[] = [];
  const carried: StepValues[] = [];
  const repeated: StepValues[] = [];
  const inserted: StepValues[] = [];
  const kept: KeptItems[] = [];
  const { spec, graph, idAt } = await context.dags.get(tx, run.dagDigest);
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
    const pins = pinned?.steps[index];
    if (pins !== undefined) inserted.push(stepRow({ run, index, step, waitingFor }, pins));
    else repeated.push([earlier.no, run.no, index, firstPhase(step, waitingFor), waitingFor]);
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

/** What was submitted, word for word. */
export async function runSourceRead({ tx }: VerbContext, { id }: { readonly id: RunId }) {
  const row = await tx.one(runSource, id);
  if (row === undefined) throw noRun(id);
  return { dagName: text(row, "name"), source: text(row, "source") };
}
