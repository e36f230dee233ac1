/**
 * What can happen at all. Two records move in the store: a step, and each attempt at it. Whatever is not in these
 * tables is a bug and stops the write; the SQL compares the phase that it moves from in its `where`.
 *
 *   step      waiting ─released→ ready ─claimed→ leased ─started→ running ─┬─succeeded→ succeeded
 *                │                 ↑                  │          │         ├─failed→ failed
 *                ├─skipped→ skipped└──── returned, lost, retried ┴─────────┘
 *                ├─blocked→ blocked
 *                ├─asked→ suspended ─┬─succeeded→ succeeded
 *                │                   └─failed→ failed
 *                ├─opened→ running, with items and no worker, until they have ended
 *                └─failed→ failed: its items could not be made
 *             ready ─failed→ failed: no worker took it in time
 *             (waiting, ready, leased, running, suspended) ─cancelled→ cancelled
 *
 * A step that no worker takes:      ready ─begun→ running, or ready ─refused→ failed; then as above.
 *
 * Terminal phases absorb: nothing leaves them (L3).
 */

import type { StepPhase } from "@haversack/protocol";

export type StepEvent =
  | "released"
  | "skipped"
  | "blocked"
  | "asked"
  | "opened"
  | "claimed"
  | "begun"
  | "refused"
  | "started"
  | "returned"
  | "retried"
  | "lost"
  | "succeeded"
  | "failed"
  | "cancelled";

export const stepMoves = {
  waiting: {
    released: "ready",
    skipped: "skipped",
    blocked: "blocked",
    asked: "suspended",
    cancelled: "cancelled",
    opened: "running",
    failed: "failed",
  },
  ready: { claimed: "leased", begun: "running", refused: "failed", failed: "failed", cancelled: "cancelled" },
  suspended: { succeeded: "succeeded", failed: "failed", cancelled: "cancelled" },
  leased: {
    started: "running",
    // A short step may end before its start was told.
    succeeded: "succeeded",
    failed: "failed",
    retried: "ready",
    returned: "ready",
    lost: "ready",
    cancelled: "cancelled",
  },
  running: {
    succeeded: "succeeded",
    failed: "failed",
    retried: "ready",
    returned: "ready",
    lost: "ready",
    cancelled: "cancelled",
  },
  succeeded: {},
  failed: {},
  cancelled: {},
  blocked: {},
  skipped: {},
} as const satisfies Record<StepPhase, Partial<Record<StepEvent, StepPhase>>>;

/** How an attempt ended. `lost`: its lease ran out, or its worker came back without it. */
export type AttemptEnding = "succeeded" | "failed" | "cancelled" | "returned" | "lost";

/** The phase after the event, or undefined: it cannot happen in this phase. */
export function stepAfter(phase: StepPhase, event: StepEvent): StepPhase | undefined {
  const moves: Partial<Record<StepEvent, StepPhase>> = stepMoves[phase];
  return moves[event];
}

/** A worker holds an attempt at it. */
export const isLiveStep = (phase: StepPhase): boolean => phase === "leased" || phase === "running";
