/** Submitting a run: the run, its steps, its packs and its first ready steps in one transaction. */

import { FaultError, present } from "@haversack/base";
import {
  type DagSpec,
  type Digest,
  parseRunId,
  type Run,
  type RunConcurrency,
  type RunId,
  type RunLabels,
  type RunTrace,
  type RunTrigger,
} from "@haversack/protocol";
import { integer, text } from "../rows.ts";
import { newRun, type RunState } from "../run-states.ts";
import { dagInsert } from "../statements/dag.ts";
import { runByKey, runInsert, runLabelsInsert } from "../statements/run.ts";
import type { VerbContext } from "../verb.ts";
import { decideFirst } from "./end-run.ts";
import { insertPacks, insertSteps, type SubmittedSteps } from "./new-steps.ts";
import { insertPinnedDags, type PinnedDagRow } from "./pinned-dags.ts";
import { recordRun, tellReady } from "./record.ts";
import { enterKey, setKey } from "./run-key-verbs.ts";
import { recordTrigger } from "./tick-verbs.ts";

/** A value, or its JSON: a large one crosses to the database's thread as one text. */
export type Packed<T extends object> = T | { readonly json: string };

export interface RunSubmission extends Omit<SubmittedSteps, "steps"> {
  readonly steps: Packed<SubmittedSteps["steps"]>;
  readonly id: RunId;
  readonly dagDigest: Digest;
  readonly dag: Packed<DagSpec>;
  readonly source: string;
  readonly params: Run["params"];
  /** Absent: none. */
  readonly labels?: RunLabels;
  readonly idempotencyKey?: string;
  readonly bodyDigest: Digest;
  /** Absent: a person or a program asked for it. */
  readonly trigger?: RunTrigger;
  /** Its key, filled in; absent: it has none. */
  readonly concurrency?: RunConcurrency;
  /** Absent: it has none. */
  readonly trace?: RunTrace;
  /** For the runs that it starts; their packs are among the others. Absent: none. */
  readonly pinned?: readonly PinnedDagRow[];
}

/** @property source absent: its DAG is stored already */
export type NewRun = Omit<RunSubmission, "source" | "trigger" | "pinned"> & { readonly source?: string };

/** The run, its steps, its packs, its first ready steps: all or nothing (R1, R2). */
export async function runSubmit(context: VerbContext, run: RunSubmission) {
  const existing = await runFind(context, run);
  if (existing !== undefined) return existing;
  const { id, trigger, now } = run;
  await insertRunWithSteps(context, run, async ({ no, dagName }) => {
    await insertPinnedDags(context, no, run.pinned ?? []);
    if (trigger !== undefined) await recordTrigger(context, { id, dagName, now }, trigger);
  });
  return { runId: id, existed: false };
}

/** @param adopt completes the run's row, before the first of its steps is decided */
export async function insertRunWithSteps(
  context: VerbContext,
  packed: NewRun,
  adopt: (state: RunState) => Promise<void>,
): Promise<void> {
  const { tx } = context;
  const dag = context.dags.known(packed.dagDigest)?.spec ?? unpacked(packed.dag);
  const run = { ...packed, dag, steps: unpacked(packed.steps) };
  if (run.source !== undefined) {
    await tx.run(dagInsert, run.dagDigest, run.dag.name, textOf(packed.dag), run.source);
  }
  await insertPacks(context, run.packs, run.now);
  const key = run.concurrency === undefined ? undefined : await enterKey(context, run.concurrency);
  const state = await insertRun(context, run);
  if (key !== undefined) await setKey(context, state, key);
  await adopt(state);
  recordRun(context, state, run.now);
  const held = key?.held === true;
  await insertSteps(context, { ...run, run: state, held });
  await tellReady(context, state);
  const first = run.dag.steps.flatMap(({ depends }, index) => (depends.length === 0 ? [index] : []));
  if (!held) await decideFirst(context, { run: state, now: run.now }, first);
}

export const unpacked = <T extends object>(value: Packed<T>): T =>
  "json" in value ? (JSON.parse(value.json) as T) : value;

const textOf = (value: Packed<object>): string =>
  "json" in value && typeof value.json === "string" ? value.json : JSON.stringify(value);

type Unpacked = Omit<NewRun, "dag"> & { readonly dag: DagSpec };

async function insertRun(context: VerbContext, run: Unpacked): Promise<RunState> {
  const { id, dagDigest, dag, labels = {}, idempotencyKey, bodyDigest, now } = run;
  const params = JSON.stringify(run.params);
  const unfinished = dag.steps.length;
  const trace = run.trace === undefined ? undefined : JSON.stringify(run.trace);
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
    trace ?? null,
  );
  const no = integer(present(row, "the run that was inserted"), "no");
  const labelRows = Object.entries(labels).map(([name, value]) => [no, name, value, now]);
  await context.tx.each(runLabelsInsert, labelRows);
  const state = newRun({ no, id, dagDigest, dagName: dag.name, params, createdAt: now, trace, unfinished });
  context.runs.add(state);
  return state;
}

/** The run that an idempotency key stands for; rejects when it was used for another submission. */
export async function runFind(
  { tx }: VerbContext,
  { idempotencyKey = "", bodyDigest }: { readonly idempotencyKey?: string; readonly bodyDigest: Digest },
) {
  const row = idempotencyKey === "" ? undefined : await tx.one(runByKey, idempotencyKey);
  if (row === undefined) return undefined;
  if (text(row, "body_digest") !== bodyDigest) {
    const message = "the idempotency key was used for a different submission; use a new key for a new run";
    throw new FaultError("conflict", "idempotency_key_reused", message);
  }
  return { runId: parseRunId(text(row, "id")), existed: true };
}
