/** Runs: read. */

import { present } from "@haversack/base";
import {
  type Artifact,
  type ParentStep,
  parseDigest,
  parseRunId,
  parseStepId,
  parseWorkerId,
  type Run,
  type RunDetail,
  type RunId,
  type RunLabels,
  type RunStatus,
  type RunTrigger,
  type Step,
  type StepSpec,
  stepAt,
  stepsCount,
} from "@haversack/protocol";
import { flag, integer, integerOrNone, json, jsonOrNone, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import { artifactsOfRun } from "../statements/artifact.ts";
import { runCount, runGet } from "../statements/run.ts";
import { stepPhase, stepsOfRun } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";
import { childRunsOf, outputsOfRead } from "./child-view.ts";
import { extrasOfSteps } from "./step-extras.ts";

export interface RunQuery {
  readonly id: RunId;
  /** Some of its steps, by position, or one by name; absent: all. */
  readonly steps?: { readonly from: number; readonly limit: number } | { readonly named: string };
}

/** @returns `stepCount` when not all steps were asked for */
export async function runRead(context: VerbContext, { id, steps }: RunQuery): Promise<RunDetail> {
  const { tx, dags } = context;
  await context.runs.get(id);
  const row = present(await tx.one(runGet, id), `run ${id}`);
  const run = runOfRow(row);
  const no = integer(row, "no");
  const dag = await dags.get(tx, run.dagDigest);
  const count = stepsCount(dag.spec);
  const range = rangeOf(steps, dag, count);
  const artifacts = Map.groupBy(await tx.all(artifactsOfRun, no, ...range), (artifact) =>
    integer(artifact, "idx"),
  );
  const extras = await extrasOfSteps(context, { id, no }, dag);
  const children = await childRunsOf(context, run, range);
  const found = (await tx.all(stepsOfRun, no, ...range)).map((step) => {
    const index = integer(step, "idx");
    const own = (artifacts.get(index) ?? []).map(artifactOfRow);
    const known = { ...stepOfRow(step, present(stepAt(dag.spec, index), "step"), own), ...extras(index) };
    const childRunId = children.get(index);
    return childRunId === undefined ? known : { ...known, childRunId };
  });
  const outputs = await outputsOfRead(context, run, dag.spec);
  return { ...run, steps: found, ...outputs, ...(steps === undefined ? {} : { stepCount: count }) };
}

/** The first position, and the one after the last. */
function rangeOf(
  steps: RunQuery["steps"],
  { indexOf }: { readonly indexOf: Pick<ReadonlyMap<string, number>, "get"> },
  count: number,
): [number, number] {
  if (steps === undefined) return [0, count];
  const from = "from" in steps ? steps.from : (indexOf.get(steps.named) ?? count);
  return [from, Math.min(count, from + ("from" in steps ? steps.limit : 1))];
}

export async function runsCount({ tx }: VerbContext): Promise<number> {
  return integer(present(await tx.one(runCount), "count"), "count");
}

/** How far a run is, and one of its steps: what a follower asks again and again. */
export async function runProgress(context: VerbContext, { id, stepId }: { id: RunId; stepId: string }) {
  const { tx, dags, runs } = context;
  const run = await runs.get(id);
  const index = (await dags.get(tx, run.dagDigest)).indexOf.get(stepId);
  const row = index === undefined ? undefined : await tx.one(stepPhase, run.no, index);
  return {
    status: run.status,
    ...(row === undefined ? {} : { stepPhase: text(row, "phase") as Step["phase"] }),
  };
}

export function runOfRow(row: Row): Run {
  const startedAt = integerOrNone(row, "started_at");
  const endedAt = integerOrNone(row, "ended_at");
  const failure = jsonOrNone<NonNullable<Run["failure"]>>(row, "failure");
  const retryOf = textOrNone(row, "retry_of");
  const parent = parentOfRow(row);
  const dueAt = integerOrNone(row, "due_at");
  const pausedAt = integerOrNone(row, "paused_at");
  const labels = json<RunLabels>(row, "run_labels");
  return {
    id: parseRunId(text(row, "id")),
    dagName: text(row, "dag_name"),
    dagDigest: parseDigest(text(row, "dag_digest")),
    status: text(row, "status") as RunStatus,
    params: json<Run["params"]>(row, "params"),
    createdAt: integer(row, "created_at"),
    cancelRequested: flag(row, "cancel_requested"),
    eventSeq: integer(row, "event_seq"),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(failure === undefined ? {} : { failure }),
    ...(retryOf === undefined ? {} : { retryOf: parseRunId(retryOf) }),
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(pausedAt === undefined ? {} : { paused: { at: pausedAt, reason: text(row, "pause_reason") } }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    trigger: triggerOfRow(row),
    ...(parent === undefined ? {} : { parent }),
  };
}

function parentOfRow(row: Row): ParentStep | undefined {
  const runId = textOrNone(row, "parent_id");
  if (runId === undefined) return undefined;
  const stepId = parseStepId(text(row, "parent_step"));
  return { runId: parseRunId(runId), stepId, depth: integer(row, "depth") };
}

function triggerOfRow(row: Row): RunTrigger {
  const kind = textOrNone(row, "trigger_kind") as RunTrigger["kind"] | undefined;
  if (textOrNone(row, "parent_id") !== undefined) return { kind: "child" };
  if (kind === undefined) return { kind: textOrNone(row, "retry_of") === undefined ? "manual" : "retry" };
  return { kind, schedule: integer(row, "trigger_schedule"), due: integer(row, "trigger_due") };
}

export function stepOfRow(row: Row, spec: StepSpec, artifacts: readonly Artifact[]): Step {
  const { condition, handler } = spec;
  const workerId = textOrNone(row, "worker_id");
  const workerName = textOrNone(row, "worker_name");
  const startedAt = integerOrNone(row, "started_at");
  const endedAt = integerOrNone(row, "ended_at");
  const failure = jsonOrNone<NonNullable<Step["failure"]>>(row, "failure");
  const exitCode = integerOrNone(row, "exit_code");
  const snapshotDigest = textOrNone(row, "snapshot_digest") ?? textOrNone(row, "pin_digest");
  const usage = jsonOrNone<NonNullable<Step["usage"]>>(row, "usage");
  return {
    id: parseStepId(text(row, "step_id")),
    kind: text(row, "kind") as Step["kind"],
    phase: text(row, "phase") as Step["phase"],
    depends: spec.depends.map(parseStepId),
    attempt: integer(row, "attempt"),
    outputs: json<Step["outputs"]>(row, "outputs"),
    artifacts,
    ...(workerId === undefined ? {} : { workerId: parseWorkerId(workerId) }),
    ...(workerName === undefined ? {} : { workerName }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(failure === undefined ? {} : { failure }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(snapshotDigest === undefined ? {} : { snapshotDigest: parseDigest(snapshotDigest) }),
    ...(usage === undefined ? {} : { usage }),
    ...(handler === undefined ? {} : { handler }),
    ...(condition === undefined ? {} : { condition }),
    ...(spec.continueOnError === undefined ? {} : { continueOnError: true }),
  };
}

export function artifactOfRow(row: Row): Artifact {
  return {
    path: text(row, "path"),
    digest: parseDigest(text(row, "digest")),
    size: integer(row, "size"),
    executable: flag(row, "executable"),
  };
}
