/** What the end of a child run means for the step that it belongs to. Pure. */

import { formatDuration, type Ms } from "@haversack/base";
import type { Failure, StepSpec } from "@haversack/protocol";
import { afterResult, type NextMove, type StepHistory } from "./after-attempt.ts";
import type { RunEnd } from "./run-end.ts";

export interface ChildEnd {
  readonly runId: string;
  readonly dagName: string;
  readonly status: RunEnd;
  readonly failure?: Failure | undefined;
  /** It was cancelled because it took longer than the step's `timeout`. */
  readonly timedOut: boolean;
  /** Why its outputs cannot be taken over; absent: they can. */
  readonly outputProblem?: string | undefined;
}

/**
 * A success counts even when a cancel or the end of the time was on its way: the work is done. A child run that somebody
 * cancelled is not tried again.
 */
export function afterChild(spec: StepSpec, history: StepHistory, end: ChildEnd, spread = 0): NextMove {
  if (end.status === "succeeded" && end.outputProblem === undefined) return { event: "succeeded" };
  if (history.cancelRequested) return { event: "cancelled" };
  if (end.status === "cancelled" && !end.timedOut) return { event: "cancelled" };
  return afterResult(
    spec,
    history,
    { outcome: "failed", failure: childFailure(spec.timeoutMs, end) },
    spread,
  );
}

/** Names the child, so that a person finds it. */
function childFailure(timeoutMs: Ms | undefined, end: ChildEnd): Failure {
  const child = `run ${end.runId} of ${end.dagName}`;
  if (end.timedOut && end.status !== "succeeded") {
    const limit = timeoutMs === undefined ? "" : ` of ${formatDuration(timeoutMs)}`;
    return { code: "timeout", message: `${child} ran longer than its time limit${limit}` };
  }
  if (end.outputProblem !== undefined)
    return { code: "bad_outputs", message: `${child}: ${end.outputProblem}` };
  return {
    code: "child_failed",
    message: `${child}: ${end.failure?.message ?? "failed without saying why"}`,
  };
}
