/** Retrying a run: a new one, in one transaction, which does again what has to be and keeps the rest. */

import { FaultError, present } from "@haversack/base";
import {
  allSteps,
  type Digest,
  isTerminalRun,
  parseStepId,
  type RunId,
  type StepPhase,
} from "@haversack/protocol";
import { stepsToRepeat } from "../../runs/repeat.ts";
import { noRun, noStep } from "../missing.ts";
import { text } from "../rows.ts";
import {
  artifactsCarry,
  runRepeat,
  runSource,
  stepCarry,
  stepPhases,
  stepRepeat,
} from "../statements/retry.ts";
import { runByKey, runGet } from "../statements/run.ts";
import type { VerbContext } from "../verb.ts";
import { decideFirst } from "./end-run.ts";
import { record, recordRun } from "./record.ts";
import { existingRun, firstPhase, insertPacks, insertStep, type RunSubmission } from "./run-submit.ts";
import { runOfRow } from "./run-verbs.ts";

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
  const again = await whatToRepeat(context, request);
  await insertPacks(context, request.pinned?.packs ?? [], now);
  await tx.run(runRepeat, id, newId, key ?? null, request.bodyDigest, now, again.size);
  await recordRun(context, newId, "queued", undefined, now);
  const { dagDigest, first } = await insertSteps(context, request, again);
  context.touched.ready = true;
  await decideFirst(context, { runId: newId, dagDigest, now }, first);
  return { runId: newId, existed: false };
}

async function whatToRepeat(
  context: VerbContext,
  { id, fromStep }: RetryRequest,
): Promise<ReadonlySet<number>> {
  const row = await context.tx.one(runGet, id);
  if (row === undefined) throw noRun(id);
  const run = runOfRow(row);
  if (!isTerminalRun(run.status)) {
    const message = `run ${id} is ${run.status}; wait for its end, or cancel it first`;
    throw new FaultError("conflict", "run_not_ended", message);
  }
  const { spec, graph } = await context.dags.get(context.tx, run.dagDigest);
  const from = fromStep === undefined ? undefined : graph.indexOf.get(fromStep);
  if (fromStep !== undefined && from === undefined) throw noStep(id, fromStep);
  const steps = await context.tx.all(stepPhases, id);
  const again = stepsToRepeat(
    graph,
    // Handlers come again with every run.
    steps.slice(0, spec.steps.length).map((step) => text(step, "phase") as StepPhase),
    from,
  );
  if (again.size > 0) return again;
  const message = `every step of run ${id} succeeded; name the step to start from`;
  throw new FaultError("conflict", "nothing_to_retry", message);
}

async function insertSteps(
  context: VerbContext,
  request: RetryRequest,
  again: ReadonlySet<number>,
): Promise<{ dagDigest: Digest; first: readonly number[] }> {
  const { tx } = context;
  const { id, newId, now, pinned } = request;
  const first: number[] = [];
  const run = runOfRow(present(await tx.one(runGet, newId), "the run that was just inserted"));
  const { spec, graph } = await context.dags.get(tx, run.dagDigest);
  for (const [index, step] of allSteps(spec).entries()) {
    if (step.handler === undefined && !again.has(index)) {
      const row = present(await tx.one(stepCarry, id, newId, index), "the step of the earlier run");
      await tx.run(artifactsCarry, id, newId, index);
      const [stepId, phase] = [parseStepId(step.id), text(row, "phase") as StepPhase];
      await record(context, newId, { kind: "step", stepId, phase, attempt: 0 }, now);
      continue;
    }
    const waitingFor = (graph.depends[index] ?? []).filter((dependency) => again.has(dependency)).length;
    if (waitingFor === 0 && step.handler === undefined) first.push(index);
    const pins = pinned?.steps[index];
    if (pins !== undefined) await insertStep(context, { runId: newId, index, step, waitingFor }, pins);
    else await tx.run(stepRepeat, id, newId, index, firstPhase(step, waitingFor), waitingFor);
  }
  return { dagDigest: run.dagDigest, first };
}

/** What was submitted, word for word. */
export async function runSourceRead({ tx }: VerbContext, { id }: { readonly id: RunId }) {
  const row = await tx.one(runSource, id);
  if (row === undefined) throw noRun(id);
  return { dagName: text(row, "name"), source: text(row, "source") };
}
