/** Submitting a run: the run, its steps, its packs and its first ready steps in one transaction. */

import { FaultError, present } from "@haversack/base";
import {
  allSteps,
  type DagSpec,
  type Digest,
  parseRunId,
  type Run,
  type RunId,
  type RunLabels,
  type RunTrigger,
  type StepPhase,
  type StepSpec,
} from "@haversack/protocol";
import { integer, text } from "../rows.ts";
import { newRun, type RunState } from "../run-states.ts";
import type { Row, SqlValue } from "../statement.ts";
import { dagInsert } from "../statements/dag.ts";
import { runByKey, runInsert } from "../statements/run.ts";
import { runLabelsInsert } from "../statements/run-list.ts";
import { stepsInsert } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import type { MemoryWrite } from "./attempt-row.ts";
import { decideFirst } from "./end-run.ts";
import { recordRun } from "./record.ts";
import { packInsert, type StoredPack } from "./snapshot-verbs.ts";
import { recordTrigger } from "./tick-verbs.ts";

export interface RunSubmission {
  readonly id: RunId;
  readonly dagDigest: Digest;
  readonly dag: DagSpec;
  readonly source: string;
  readonly params: Run["params"];
  /** Absent: none. */
  readonly labels?: RunLabels;
  readonly idempotencyKey?: string;
  readonly bodyDigest: Digest;
  /** Absent: a person or a program asked for it. */
  readonly trigger?: RunTrigger;
  readonly now: number;
  /** In the order of the DAG's steps, then of its handlers. */
  readonly steps: readonly StepSubmission[];
  readonly packs: readonly StoredPack[];
}

export interface StepSubmission {
  /** What a worker must have; expressions evaluated. */
  readonly labels: Readonly<Record<string, string>>;
  readonly pinDigest?: Digest;
  /** Set at once for a step that reads no memory. */
  readonly snapshotDigest?: Digest;
  /** Absent: it may write no memory. */
  readonly memoryWrite?: MemoryWrite;
}

/** The run, its steps, its packs, its first ready steps: all or nothing (R1, R2). */
export async function runSubmit(context: VerbContext, run: RunSubmission) {
  const { tx } = context;
  const existing = run.idempotencyKey === undefined ? undefined : await tx.one(runByKey, run.idempotencyKey);
  if (existing !== undefined) return existingRun(existing, run.bodyDigest);
  await tx.run(dagInsert, run.dagDigest, run.dag.name, JSON.stringify(run.dag), run.source);
  await insertPacks(context, run.packs, run.now);
  const state = await insertRun(context, run);
  if (run.trigger !== undefined) {
    await recordTrigger(context, { id: run.id, dagName: run.dag.name, now: run.now }, run.trigger);
  }
  recordRun(context, state, run.now);
  const rows = allSteps(run.dag).map((step, index) => {
    const place = { run: state, index, step, waitingFor: step.depends.length };
    return stepRow(place, present(run.steps[index], "step of the submission"));
  });
  await tx.each(stepsInsert, rows);
  context.touched.ready = true;
  const first = run.dag.steps.flatMap(({ depends }, index) => (depends.length === 0 ? [index] : []));
  await decideFirst(context, { run: state, now: run.now }, first);
  return { runId: run.id, existed: false };
}

async function insertRun(context: VerbContext, run: RunSubmission): Promise<RunState> {
  const { id, dagDigest, dag, labels = {}, idempotencyKey, bodyDigest, now } = run;
  const params = JSON.stringify(run.params);
  const unfinished = dag.steps.length;
  const row = await context.tx.one(
    runInsert,
    id,
    dagDigest,
    dag.name,
    params,
    idempotencyKey ?? null,
    bodyDigest,
    now,
    unfinished,
    JSON.stringify(labels),
  );
  const no = integer(present(row, "the run that was inserted"), "no");
  const labelRows = Object.entries(labels).map(([name, value]) => [no, name, value, now]);
  await context.tx.each(runLabelsInsert, labelRows);
  const state = newRun({ no, id, dagDigest, dagName: dag.name, params, unfinished });
  context.runs.add(state);
  return state;
}

export async function insertPacks(
  context: VerbContext,
  packs: readonly StoredPack[],
  now: number,
): Promise<void> {
  for (const pack of packs) await packInsert(context, pack, now);
}

/** The run that an idempotency key stands for; rejects when it was used for another submission. */
export async function runFind({ tx }: VerbContext, query: { idempotencyKey: string; bodyDigest: Digest }) {
  const row = query.idempotencyKey === "" ? undefined : await tx.one(runByKey, query.idempotencyKey);
  return row === undefined ? undefined : existingRun(row, query.bodyDigest);
}

/** Rejects when the key was used for something else. */
export function existingRun(row: Row, bodyDigest: Digest) {
  if (text(row, "body_digest") !== bodyDigest) {
    const message = "the idempotency key was used for a different submission; use a new key for a new run";
    throw new FaultError("conflict", "idempotency_key_reused", message);
  }
  return { runId: parseRunId(text(row, "id")), existed: true };
}

export interface NewStep {
  readonly run: RunState;
  readonly index: number;
  readonly step: StepSpec;
  /** Dependencies that have not ended. */
  readonly waitingFor: number;
}

/** As `stepsInsert` takes it. */
export function stepRow(
  { run, index, step, waitingFor }: NewStep,
  { labels, pinDigest, snapshotDigest, memoryWrite }: StepSubmission,
): SqlValue[] {
  return [
    run.no,
    index,
    step.id,
    step.work.kind,
    firstPhase(step, waitingFor),
    waitingFor,
    JSON.stringify(labels),
    pinDigest ?? null,
    snapshotDigest ?? null,
    memoryWrite === undefined ? null : JSON.stringify(memoryWrite),
    step.continueOnError === true ? 1 : 0,
    step.handler ?? null,
  ];
}

/** A step with an `if`, with items, or one that asks, is decided when all steps are there, a handler when they have ended. */
export function firstPhase({ condition, handler, foreach, work }: StepSpec, waitingFor: number): StepPhase {
  const isPlain = condition === undefined && handler === undefined && foreach === undefined;
  return waitingFor === 0 && isPlain && work.kind !== "human" ? "ready" : "waiting";
}
