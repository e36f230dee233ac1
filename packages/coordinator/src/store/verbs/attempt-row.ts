/** One attempt with what decides about its step, as the statements of `attempt.ts` read it. */

import {
  type AttemptRef,
  type Digest,
  parseDigest,
  parseGeneration,
  parseRunId,
  parseStepId,
  parseWorkerId,
  type StepPhase,
  type WorkerId,
} from "@haversack/protocol";
import type { WriteMode } from "../../memory/judge.ts";
import type { StepHistory } from "../../runs/after-attempt.ts";
import type { AttemptPhase } from "../../runs/step-moves.ts";
import { flag, integer, jsonOrNone, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";

export interface AttemptRow {
  readonly ref: AttemptRef;
  /** Position of the step in the DAG. */
  readonly index: number;
  readonly workerId: WorkerId;
  readonly bootId: string;
  readonly phase: AttemptPhase;
  readonly resultDigest: string | undefined;
  readonly stepPhase: StepPhase;
  /** The newest attempt at the step. */
  readonly stepAttempt: number;
  readonly history: StepHistory;
  readonly dagDigest: Digest;
  readonly dagName: string;
  /** What the step may write to memory, as pinned with it. */
  readonly memoryWrite: MemoryWrite;
}

export interface MemoryWrite {
  readonly global: WriteMode;
  readonly dag: WriteMode;
}

export function refOfRow(row: Row): AttemptRef {
  return {
    runId: parseRunId(text(row, "run_id")),
    stepId: parseStepId(text(row, "step_id")),
    generation: parseGeneration(text(row, "generation")),
    attempt: integer(row, "attempt"),
  };
}

export function attemptOfRow(row: Row): AttemptRow {
  return {
    ref: refOfRow(row),
    index: integer(row, "idx"),
    workerId: parseWorkerId(text(row, "worker_id")),
    bootId: text(row, "boot_id"),
    phase: text(row, "phase") as AttemptPhase,
    resultDigest: textOrNone(row, "result_digest"),
    stepPhase: text(row, "step_phase") as StepPhase,
    stepAttempt: integer(row, "step_attempt"),
    history: {
      failedCount: integer(row, "failed_count"),
      lostCount: integer(row, "lost_count"),
      cancelRequested: flag(row, "cancel_requested"),
    },
    dagDigest: parseDigest(text(row, "dag_digest")),
    dagName: text(row, "dag_name"),
    memoryWrite: jsonOrNone<MemoryWrite>(row, "memory_write") ?? { global: "none", dag: "none" },
  };
}
