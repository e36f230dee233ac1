/** Submitting a run: the run, its steps, its packs and its first ready steps in one transaction. */

import { FaultError, present } from "@haversack/base";
import {
  allSteps,
  type DagSpec,
  type Digest,
  parseRunId,
  type Run,
  type RunConcurrency,
  type RunId,
  type RunLabels,
  type RunTrigger,
} from "@haversack/protocol";
import { integer, text } from "../rows.ts";
import { newRun, type RunState } from "../run-states.ts";
import { dagInsert } from "../statements/dag.ts";
import { runByKey, runInsert } from "../statements/run.ts";
import { runLabelsInsert } from "../statements/run-list.ts";
import type { VerbContext } from "../verb.ts";
import { decideFirst } from "./end-run.ts";
import { insertPacks, insertSteps, placesOf, type SubmittedSteps, stepRow } from "./new-steps.ts";
import { recordRun } from "./record.ts";
import { enterKey, setKey } from "./run-key-verbs.ts";
import { recordTrigger } from "./tick-verbs.ts";

export interface RunSubmission extends SubmittedSteps {
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
  /** Its key, filled in; absent: it has none. */
  readonly concurrency?: RunConcurrency;
}

/** The run, its steps, its packs, its first ready steps: all or nothing (R1, R2). */
export async function runSubmit(context: VerbContext, run: RunSubmission) {
  const { tx } = context;
  const { idempotencyKey = "", bodyDigest } = run;
  const existing = await runFind(context, { idempotencyKey, bodyDigest });
  if (existing !== undefined) return existing;
  await tx.run(dagInsert, run.dagDigest, run.dag.name, JSON.stringify(run.dag), run.source);
  await insertPacks(context, run.packs, run.now);
  const key = run.concurrency === undefined ? undefined : await enterKey(context, run.concurrency);
  const state = await insertRun(context, run);
  if (key !== undefined) await setKey(context, state, key);
  if (run.trigger !== undefined) {
    await recordTrigger(context, { id: run.id, dagName: run.dag.name, now: run.now }, run.trigger);
  }
  recordRun(context, state, run.now);
  const held = key?.held === true;
  const places = await placesOf(context, shareOf(run.dag.name, run.labels), run);
  const rows = allSteps(run.dag).map((step, index) => {
    const place = { run: state, index, step, waitingFor: step.depends.length, held };
    const submission = present(run.steps[index], "step of the submission");
    return stepRow(place, submission, present(places[index], "its queue"));
  });
  await insertSteps(context, rows);
  context.touched.ready = true;
  const first = run.dag.steps.flatMap(({ depends }, index) => (depends.length === 0 ? [index] : []));
  if (!held) await decideFirst(context, { run: state, now: run.now }, first);
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

/** Runs of one tenant take turns together, whatever their DAGs; without one, those of one DAG. */
const shareOf = (dagName: string, labels: RunLabels = {}): string =>
  labels["tenant"] === undefined ? dagName : `tenant ${labels["tenant"]}`;

/** The run that an idempotency key stands for; rejects when it was used for another submission. */
export async function runFind({ tx }: VerbContext, query: { idempotencyKey: string; bodyDigest: Digest }) {
  const row = query.idempotencyKey === "" ? undefined : await tx.one(runByKey, query.idempotencyKey);
  if (row === undefined) return undefined;
  if (text(row, "body_digest") !== query.bodyDigest) {
    const message = "the idempotency key was used for a different submission; use a new key for a new run";
    throw new FaultError("conflict", "idempotency_key_reused", message);
  }
  return { runId: parseRunId(text(row, "id")), existed: true };
}
