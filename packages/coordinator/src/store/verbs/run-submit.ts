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
import { runByKey, runInsert } from "../statements/run.ts";
import { runLabelsInsert } from "../statements/run-list.ts";
import { stepsInsert } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import type { MemoryWrite } from "./attempt-row.ts";
import { decideFirst } from "./end-run.ts";
import { insertDag, insertPinnedDags, type PinnedDagRow } from "./pinned-dags.ts";
import { recordRun, tellReady } from "./record.ts";
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
  /** For the runs that it starts; their packs are among the others. Absent: none. */
  readonly pinned?: readonly PinnedDagRow[];
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

/** @property source absent: its DAG is stored already */
export type NewRun = Omit<RunSubmission, "source" | "trigger" | "pinned"> & { readonly source?: string };

/** The run, its steps, its packs, its first ready steps: all or nothing (R1, R2). */
export async function runSubmit(context: VerbContext, run: RunSubmission) {
  const existing = await findRun(context, run);
  if (existing !== undefined) return existing;
  const { id, dag, trigger, now } = run;
  await insertRunWithSteps(context, run, async ({ no }) => {
    await insertPinnedDags(context, no, run.pinned ?? []);
    if (trigger !== undefined) await recordTrigger(context, { id, dagName: dag.name, now }, trigger);
  });
  return { runId: run.id, existed: false };
}

/** @param adopt completes the run's row, before the first of its steps is decided */
export async function insertRunWithSteps(
  context: VerbContext,
  run: NewRun,
  adopt: (state: RunState) => Promise<void>,
): Promise<void> {
  const { tx } = context;
  await insertDag(tx, run);
  await insertPacks(context, run.packs, run.now);
  const state = await insertRun(context, run);
  await adopt(state);
  recordRun(context, state, run.now);
  const rows = allSteps(run.dag).map((step, index) => {
    const place = { run: state, index, step, waitingFor: step.depends.length };
    return stepRow(place, present(run.steps[index], "step of the submission"));
  });
  await tx.each(stepsInsert, rows);
  await tellReady(context, state);
  const first = run.dag.steps.flatMap(({ depends }, index) => (depends.length === 0 ? [index] : []));
  await decideFirst(context, { run: state, now: run.now }, first);
}

async function insertRun(context: VerbContext, run: NewRun): Promise<RunState> {
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
export async function runFind(context: VerbContext, query: { idempotencyKey: string; bodyDigest: Digest }) {
  return await findRun(context, query);
}

/** The same within a verb. */
export async function findRun(
  { tx }: VerbContext,
  { idempotencyKey = "", bodyDigest }: { readonly idempotencyKey?: string; readonly bodyDigest: Digest },
) {
  const row = idempotencyKey === "" ? undefined : await tx.one(runByKey, idempotencyKey);
  return row === undefined ? undefined : existingRun(row, bodyDigest);
}

/** Rejects when the key was used for something else. */
function existingRun(row: Row, bodyDigest: Digest) {
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

/** A step with an `if`, or items, is decided when all steps are there, a handler when they have ended. */
export function firstPhase({ condition, handler, foreach }: StepSpec, waitingFor: number): StepPhase {
  const isDecided = condition === undefined && handler === undefined && foreach === undefined;
  return waitingFor === 0 && isDecided ? "ready" : "waiting";
}
