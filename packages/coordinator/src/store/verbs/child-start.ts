/**
 * Steps that no worker takes, started. A `dag` step and the run that it is come to be in one transaction, which compares
 * the step's phase and attempt: whoever looks, and however often, an attempt is one run.
 */

import { present } from "@haversack/base";
import {
  type Failure,
  type JsonObject,
  localDag,
  parseRunId,
  parseStepId,
  type RunId,
  type StepSpec,
  stepAt,
} from "@haversack/protocol";
import { evaluateChild } from "../../runs/templates.ts";
import { flag, integer, integerOrNone, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";
import {
  childrenNextDue,
  stepRefuse as refuse,
  runAdopt,
  runFamily,
  stepStartChild,
  childrenReady as stepsReady,
} from "../statements/child.ts";
import type { VerbContext } from "../verb.ts";
import { beforeOfRow } from "./attempt-row.ts";
import { stepsEnded } from "./end-run.ts";
import { RunFacts } from "./expression-data.ts";
import { insertPinnedDags, type PinnedDag, type PinnedDagRow, readPinnedDag } from "./pinned-dags.ts";
import { record } from "./record.ts";
import { insertRunWithSteps, type RunSubmission } from "./run-submit.ts";
import { startRuns } from "./step-verbs.ts";

export interface ReadyPlace {
  readonly runNo: number;
  readonly index: number;
}

/** A step that no worker takes, and that may start. */
export interface ReadyChild extends ReadyPlace {
  readonly runId: RunId;
  /** Attempts before this one. */
  readonly attempt: number;
  readonly step: StepSpec;
  /** The DAG of its run, and the one in whose file that stands when it is a local one. */
  readonly dagName: string;
  readonly localOf?: string;
  /** Of its run. */
  readonly depth: number;
  /** Absent: it is of another kind. */
  readonly child?: ChildAsked;
}

/** What a `dag` step asks for, its expressions evaluated. */
export interface ChildAsked {
  readonly use: string;
  readonly params: JsonObject;
  /** The name is that of a DAG of the same file. */
  readonly isLocal: boolean;
  /** Absent: nobody knew at submission that it would be started. */
  readonly pinned?: PinnedDag;
}

export interface ReadyChildrenQuery {
  readonly now: number;
  readonly after?: ReadyPlace;
  readonly limit: number;
}

export async function childrenReady(context: VerbContext, { now, after, limit }: ReadyChildrenQuery) {
  const { runNo = 0, index = 0 } = after ?? {};
  const steps: ReadyChild[] = [];
  for (const row of await context.tx.all(stepsReady, now, runNo, index, limit)) {
    const run = await context.runs.find(parseRunId(text(row, "run_id")));
    if (run !== undefined) steps.push(await readyChild(context, run, row));
  }
  const due = await context.tx.one(childrenNextDue, now);
  return { steps, nextDue: due === undefined ? undefined : integerOrNone(due, "due") };
}

async function readyChild(context: VerbContext, run: RunState, row: Row): Promise<ReadyChild> {
  const index = integer(row, "idx");
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  const family = present(await context.tx.one(runFamily, run.no), `run ${run.id}`);
  const step = present(stepAt(spec, index), "the step of a run");
  const child = await childAsked(context, run, { step, index, pins: integer(family, "pins") });
  return {
    runId: run.id,
    runNo: run.no,
    index,
    attempt: integer(row, "attempt"),
    step,
    dagName: spec.name,
    depth: integer(family, "depth"),
    ...(spec.localOf === undefined ? {} : { localOf: spec.localOf }),
    ...(child === undefined ? {} : { child }),
  };
}

async function childAsked(
  context: VerbContext,
  run: RunState,
  { step, index, pins }: { readonly step: StepSpec; readonly index: number; readonly pins: number },
): Promise<ChildAsked | undefined> {
  if (step.work.kind !== "dag") return undefined;
  const { spec, pathsOf } = await context.dags.get(context.tx, run.dagDigest);
  const data = await new RunFacts(context, run).about(pathsOf(index));
  const { use, params } = evaluateChild(step.work, data);
  const isLocal = localDag(spec, use) !== undefined;
  const key = isLocal ? `${spec.localOf ?? spec.name}/${use}` : use;
  const pinned = await readPinnedDag(context, pins, key);
  return { use, params, isLocal, ...(pinned === undefined ? {} : { pinned }) };
}

export interface StepPlace {
  readonly runId: RunId;
  readonly index: number;
  /** Attempts before this one. */
  readonly attempt: number;
  readonly now: number;
}

export interface ChildStart extends StepPlace {
  readonly child: Omit<RunSubmission, "source" | "idempotencyKey" | "trigger" | "now" | "pinned"> & {
    /** Absent: it is stored already. */
    readonly source?: string;
  };
  /** Absent: it uses those of its family. */
  readonly pinned?: readonly PinnedDagRow[];
}

/** False: somebody else was faster, or the run is being cancelled. */
export async function childStart(context: VerbContext, start: ChildStart): Promise<boolean> {
  const { runId, index, attempt, now, child, pinned } = start;
  const { tx } = context;
  const parent = await context.runs.find(runId);
  if (parent === undefined) return false;
  const row = await tx.one(stepStartChild, parent.no, index, attempt, now, Number(parent.cancelRequested));
  if (row === undefined) return false;
  await startRuns(context, [parent], now);
  const stepId = parseStepId(text(row, "step_id"));
  const change = {
    kind: "step",
    stepId,
    phase: "running",
    attempt: attempt + 1,
    childRunId: child.id,
  } as const;
  record(context, parent, change, now);
  await insertRunWithSteps(context, { ...child, now }, async (run) => {
    await adopt(context, { parent, stepId, start, run });
    run.isChild = true;
    await insertPinnedDags(context, run.no, pinned ?? []);
  });
  return true;
}

interface Adoption {
  readonly parent: RunState;
  readonly stepId: string;
  readonly start: ChildStart;
  readonly run: RunState;
}

async function adopt(context: VerbContext, { parent, stepId, start, run }: Adoption): Promise<void> {
  const { index, attempt, now, pinned } = start;
  const { spec } = await context.dags.get(context.tx, parent.dagDigest);
  const timeoutMs = stepAt(spec, index)?.timeoutMs;
  const family = present(await context.tx.one(runFamily, parent.no), `run ${parent.id}`);
  await context.tx.run(
    runAdopt,
    run.no,
    parent.id,
    index,
    stepId,
    attempt + 1,
    integer(family, "depth") + 1,
    text(family, "root_id"),
    pinned === undefined ? integer(family, "pins") : null,
    timeoutMs === undefined ? null : now + timeoutMs,
  );
}

export interface StepRefusal extends StepPlace {
  readonly failure: Failure;
}

/** The step fails without having been started. False: it has been, or has ended. */
export async function stepRefuse(
  context: VerbContext,
  { runId, index, attempt, now, failure }: StepRefusal,
): Promise<boolean> {
  const run = await context.runs.find(runId);
  if (run === undefined) return false;
  const row = await context.tx.one(refuse, run.no, index, attempt, now, JSON.stringify(failure));
  if (row === undefined) return false;
  await startRuns(context, [run], now);
  const stepId = parseStepId(text(row, "step_id"));
  record(context, run, { kind: "step", stepId, phase: "failed", attempt: attempt + 1, failure }, now);
  const ended = { index, phase: "failed", continueOnError: flag(row, "continue_on_error") } as const;
  await stepsEnded(context, { run, now }, [{ ...ended, before: beforeOfRow(row) }]);
  return true;
}
