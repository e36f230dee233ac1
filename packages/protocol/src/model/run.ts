/** A run and its steps, as a client sees them. Times are milliseconds since 1970. */

import type { Approval } from "./approval.ts";
import type { HandlerKind, StepKind } from "./dag.ts";
import type { Digest, RunId, StepId, WorkerId } from "./ids.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { Artifact, Failure, Usage } from "./outcome.ts";
import type { RunLabels } from "./run-labels.ts";
import type { RunTrigger } from "./schedule.ts";

export type RunStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export type StepPhase =
  | "waiting"
  | "ready"
  | "leased"
  | "running"
  | "succeeded"
  | "failed"
  | "cancelled"
  | "blocked"
  | "skipped"
  /** A human step that waits for an answer. */
  | "suspended";

export const isTerminalRun = (status: RunStatus): boolean =>
  status === "succeeded" || status === "failed" || status === "cancelled";

export const isTerminalStep = (phase: StepPhase): boolean =>
  phase === "succeeded" ||
  phase === "failed" ||
  phase === "cancelled" ||
  phase === "blocked" ||
  phase === "skipped";

export interface Run {
  readonly id: RunId;
  readonly dagName: string;
  readonly dagDigest: Digest;
  readonly status: RunStatus;
  readonly failure?: Failure;
  readonly params: JsonObject;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly cancelRequested: boolean;
  /** Number of the newest event. */
  readonly eventSeq: number;
  /** The run whose succeeded steps this one kept. */
  readonly retryOf?: RunId;
  /** Absent: none. */
  readonly labels?: RunLabels;
  /** Absent: told by an older coordinator. */
  readonly trigger?: RunTrigger;
  /** Absent: no other run started it. */
  readonly parent?: ParentStep;
  /** No further step is started; absent: it is not paused. */
  readonly paused?: { readonly at: number; readonly reason: string };
  /** When its time is over; absent: it has no time limit, or has not started. */
  readonly dueAt?: number;
}

/** The step of another run that a child run belongs to. */
export interface ParentStep {
  readonly runId: RunId;
  readonly stepId: StepId;
  /** Of the child: 1 when the parent has none itself. */
  readonly depth: number;
}

export interface Step {
  readonly id: StepId;
  readonly kind: StepKind;
  readonly phase: StepPhase;
  readonly depends: readonly StepId[];
  /** Absent: a step of the run itself. */
  readonly handler?: HandlerKind;
  /** Its `if`, as it was written. */
  readonly condition?: string;
  /** Its failure counts as success, for its dependents and for the run. */
  readonly continueOnError?: true;
  /** 0 before the first attempt. */
  readonly attempt: number;
  readonly workerId?: WorkerId;
  readonly workerName?: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly failure?: Failure;
  readonly exitCode?: number;
  readonly outputs: JsonObject;
  readonly artifacts: readonly Artifact[];
  readonly snapshotDigest?: Digest;
  readonly usage?: Usage;
  /** Why a ready step has no worker. */
  readonly waitingFor?: string;
  /** What became of its memory operations; absent: it asked for none. */
  readonly memory?: { readonly applied: number; readonly inReview: number };
  /** Of a `dag` step: the run that its newest attempt is. */
  readonly childRunId?: RunId;
  /** Of a human step, once it was asked. */
  readonly approval?: Approval;
  /** Of a step with `foreach` or `matrix`; absent: it is done once. */
  readonly items?: ItemCounts;
  /** Of an item: what it is for. */
  readonly item?: { readonly value: JsonValue };
}

/** How far the items of a step are. */
export interface ItemCounts {
  /** 0 until they are known. */
  readonly total: number;
  /** For a place among those that may run at once. */
  readonly waiting: number;
  /** Have begun and not ended. */
  readonly active: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

export interface RunDetail extends Run {
  /** In the order of the DAG file, handlers last. */
  readonly steps: readonly Step[];
  /** How many it has; absent: `steps` has all of them. */
  readonly stepCount?: number;
  /** What the DAG's `outputs` gave; absent before the run has succeeded. */
  readonly outputs?: JsonObject;
}

/** Which runs a list holds, newest first. What is absent lets every run pass. */
export interface RunFilter {
  readonly status?: RunStatus;
  readonly dagName?: string;
  /** All of them. */
  readonly labels?: RunLabels;
  /** Submitted from the first moment on, and before the second. */
  readonly since?: number;
  readonly until?: number;
  readonly retryOf?: string;
  readonly trigger?: RunTrigger["kind"];
  /** Only runs that no other run started. */
  readonly roots?: true;
  readonly pageSize?: number;
  /** Of the page before, with the same filter. */
  readonly pageToken?: string;
}
