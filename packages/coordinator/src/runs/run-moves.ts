/**
 * What can happen to a run. Its status follows from its steps: the first of them that is started starts the run, the
 * last one that ends ends it. As with steps, whatever is not in the table is a bug, and the SQL compares the status
 * that it moves from in its `where`.
 */

import type { RunStatus } from "@haversack/protocol";

export type RunEvent = "started" | "succeeded" | "failed" | "cancelled";

export const runMoves = {
  // A run whose steps were all skipped, or cancelled before they began, ends without a start.
  queued: { started: "running", succeeded: "succeeded", failed: "failed", cancelled: "cancelled" },
  running: { succeeded: "succeeded", failed: "failed", cancelled: "cancelled" },
  succeeded: {},
  failed: {},
  cancelled: {},
} as const satisfies Record<RunStatus, Partial<Record<RunEvent, RunStatus>>>;

/** The status after the event, or undefined: it cannot happen in this status. */
export function runAfter(status: RunStatus, event: RunEvent): RunStatus | undefined {
  const moves: Partial<Record<RunEvent, RunStatus>> = runMoves[status];
  return moves[event];
}
