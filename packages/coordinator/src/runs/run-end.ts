import type { Failure, RunStatus } from "@haversack/protocol";

export type RunEnd = Extract<RunStatus, "succeeded" | "failed" | "cancelled">;

/** How many steps ended each way. */
export interface StepCounts {
  readonly failed: number;
  readonly cancelled: number;
  readonly blocked: number;
}

/**
 * The status of a run whose steps have all ended. A cancel that came too late to end anything changes nothing, and
 * neither does the end of the run's time.
 */
export function runEnd(counts: StepCounts, isTimedOut = false): RunEnd {
  if (counts.failed > 0) return "failed";
  if (counts.cancelled > 0) return isTimedOut ? "failed" : "cancelled";
  return counts.blocked > 0 ? "failed" : "succeeded";
}

/** What a failed run says: its first failed step, by name. */
export function runFailure(stepId: string, failure: Failure): Failure {
  return { code: failure.code, message: `step ${stepId}: ${failure.message}` };
}
