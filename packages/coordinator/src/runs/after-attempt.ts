/** What becomes of a step when an attempt at it ends. Pure: it knows no clock and no store. */

import { createHash } from "node:crypto";
import type { Ms } from "@haversack/base";
import type { AttemptRef, AttemptResult, Failure, Outcome, RetrySpec, StepSpec } from "@haversack/protocol";
import { lostAttemptsMax } from "./lease.ts";

/** What the step has been through so far, this attempt not included. */
export interface StepHistory {
  /** Attempts that failed. */
  readonly failedCount: number;
  /** Attempts that were lost with their worker. */
  readonly lostCount: number;
  readonly cancelRequested: boolean;
}

export type NextMove =
  | { readonly event: "succeeded" }
  | { readonly event: "failed"; readonly failure: Failure }
  | { readonly event: "cancelled" }
  | { readonly event: "retried"; readonly delayMs: Ms; readonly failure: Failure }
  | { readonly event: "returned" }
  | { readonly event: "lost" };

/**
 * The worker reported an end. Success counts even when a cancel was on its way: the work is done. An attempt that
 * ended because its worker is shutting down comes as `returned` and costs nothing.
 */
export function afterResult(
  spec: StepSpec,
  history: StepHistory,
  result: Pick<AttemptResult, "outcome" | "failure" | "exitCode">,
  spread = 0,
): NextMove {
  if (result.outcome === "succeeded") return { event: "succeeded" };
  if (history.cancelRequested) return { event: "cancelled" };
  if (result.outcome !== "failed") return afterReturn(spec, result.failure);
  const failure = result.failure ?? { code: "failed", message: "the step failed without saying why" };
  if (!isRetried(spec.retry, history, result.exitCode)) return { event: "failed", failure };
  return { event: "retried", delayMs: retryDelay(spec.retry, history.failedCount, spread), failure };
}

/** Handed back. With a failure it was interrupted half-way, which a step that must not run twice does not survive. */
function afterReturn(spec: StepSpec, failure: Failure | undefined): NextMove {
  if (failure === undefined || spec.onWorkerLost === "retry") return { event: "returned" };
  return { event: "failed", failure: { ...failure, message: `${failure.message}; onWorkerLost is fail` } };
}

/** The lease ran out, or the worker came back without the attempt. */
export function afterLoss(spec: StepSpec, history: StepHistory): NextMove {
  if (history.cancelRequested) return { event: "cancelled" };
  if (spec.onWorkerLost === "fail") {
    return {
      event: "failed",
      failure: { code: "worker_lost", message: "its worker was lost; onWorkerLost is fail" },
    };
  }
  if (history.lostCount + 1 >= lostAttemptsMax) {
    const message = `${lostAttemptsMax} workers were lost while running it; look at what it does to its host`;
    return { event: "failed", failure: { code: "worker_lost", message } };
  }
  return { event: "lost" };
}

function isRetried(retry: RetrySpec, history: StepHistory, exitCode: number | undefined): boolean {
  if (history.failedCount >= retry.limit) return false;
  return retry.exitCodes === undefined || (exitCode !== undefined && retry.exitCodes.includes(exitCode));
}

/**
 * @param failedCount attempts that failed before this one
 * @param spread from 0 to just below 1: how much of the jitter this attempt gets
 */
export function retryDelay(retry: RetrySpec, failedCount: number, spread = 0): Ms {
  const factor = retry.backoff === "exponential" ? 2 ** Math.min(failedCount, 30) : 1;
  const delayMs = Math.min(retry.delayMs * factor, retry.maxDelayMs);
  return Math.round(delayMs * (1 - (retry.jitter ?? 0) * spread));
}

/** From 0 to just below 1, the same for the same attempt, so that a decision that is taken again is the same. */
export function spreadOf({ runId, stepId, attempt }: Omit<AttemptRef, "generation">): number {
  const digest = createHash("sha256").update(`${runId}/${stepId}/${attempt}`).digest();
  return digest.readUInt32BE() / 2 ** 32;
}

/** The attempt's own phase after a report. */
export const attemptEndingAfter = {
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
  returned: "returned",
} as const satisfies Record<Outcome, string>;
