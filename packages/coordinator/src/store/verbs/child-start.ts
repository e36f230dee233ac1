/**
 * Steps that no worker takes, started. A `dag` step and the run that it is come to be in one transaction, which compares
 * the step's phase and attempt: whoever looks, and however often, an attempt is one run.
 */

import { present } from "@haversack/base";
import {
  type Failure,
  parseStepId,
  type RunId,
  type RunTrace,
  spanIdOfRun,
  stepAt,
  traceOfChild,
} from "@haversack/protocol";
import { integer, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { stepRefuse as refuse, runAdopt, runFamily, stepStartChild } from "../statements/child.ts";
import type { VerbContext } from "../verb.ts";
import { stepsEnded } from "./end-run.ts";
import { endedStep } from "./ended-step.ts";
import { insertPinnedDags, type PinnedDagRow } from "./pinned-dags.ts";
import { record } from "./record.ts";
import { insertRunWithSteps, type RunSubmission } from "./run-submit.ts";
import { startRuns } from "./start-run.ts";

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

/** False: somebody else was faster, or the run is being cancelled, or is paused. */
export async function childStart(context: VerbContext, start: ChildStart): Promise<boolean> {
  const { runId, index, attempt, now, child, pinned } = start;
  const { tx } = context;
  const parent = await context.runs.find(runId);
  if (parent === undefined || parent.isPaused) return false;
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
  const trace = traceWithin(parent, child.id);
  await insertRunWithSteps(context, { ...child, ...trace, now }, async (run) => {
    await adopt(context, { parent, stepId, start, run });
    run.isChild = true;
    await insertPinnedDags(context, run.no, pinned ?? []);
  });
  return true;
}

/** The run of a step is a part of the run that the step is in. */
function traceWithin({ trace }: RunState, id: RunId): Pick<RunSubmission, "trace"> {
  return trace === undefined ? {} : { trace: traceOfChild(JSON.parse(trace) as RunTrace, spanIdOfRun(id)) };
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
  await stepsEnded(context, { run, now }, [endedStep(index, "failed", row)]);
  return true;
}
