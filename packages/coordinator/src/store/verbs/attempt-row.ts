/** The newest attempt at a step, with what decides about the step, as the statements of `attempt.ts` read it. */

import {
  type AttemptRef,
  parseGeneration,
  parseWorkerId,
  type StepId,
  type StepPhase,
  type WorkerId,
} from "@haversack/protocol";
import type { WriteMode } from "../../memory/judge.ts";
import type { StepHistory } from "../../runs/after-attempt.ts";
import { isToEnd } from "../../runs/handlers.ts";
import type { Before } from "../../runs/outcomes.ts";
import { flag, integer, integerOrNone, jsonOrNone, text, textOrNone } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";
import { beforeOfRow } from "./ended-step.ts";

export interface AttemptRow {
  readonly ref: AttemptRef;
  readonly run: RunState;
  /** Position of the step in the DAG. */
  readonly index: number;
  readonly workerId: WorkerId;
  readonly bootId: string;
  /** Of its step. */
  readonly phase: StepPhase;
  readonly claimedAt: number;
  readonly startedAt: number | undefined;
  readonly history: StepHistory;
  readonly continueOnError: boolean;
  /** Its end makes room for others. */
  readonly gated: boolean;
  readonly before: Before;
  readonly snapshotDigest: string | undefined;
  /** What the step may write to memory, as pinned with it. */
  readonly memoryWrite: MemoryWrite;
}

export interface MemoryWrite {
  readonly global: WriteMode;
  readonly dag: WriteMode;
}

/** @param row of a step that was claimed at least once */
export function attemptOfRow(row: Row, run: RunState, stepId: StepId): AttemptRow {
  const generation = parseGeneration(text(row, "generation"));
  return {
    ref: { runId: run.id, stepId, generation, attempt: integer(row, "attempt") },
    run,
    index: integer(row, "idx"),
    workerId: parseWorkerId(text(row, "worker_id")),
    bootId: text(row, "boot_id"),
    phase: text(row, "phase") as StepPhase,
    claimedAt: integer(row, "claimed_at"),
    startedAt: integerOrNone(row, "started_at"),
    history: historyOfRow(row, run),
    continueOnError: flag(row, "continue_on_error"),
    gated: flag(row, "gated"),
    before: beforeOfRow(row),
    snapshotDigest: textOrNone(row, "snapshot_digest"),
    memoryWrite: jsonOrNone<MemoryWrite>(row, "memory_write") ?? { global: "none", dag: "none" },
  };
}

export function historyOfRow(row: Row, run: RunState): StepHistory {
  return {
    failedCount: integer(row, "failed_count"),
    lostCount: integer(row, "lost_count"),
    cancelRequested: isCancelled(row, run),
  };
}

/** Its run has to end, or the step alone. */
const isCancelled = (row: Row, run: RunState): boolean =>
  flag(row, "cancel_requested") || isToEnd(run, textOrNone(row, "handler"));
