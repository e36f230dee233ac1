/**
 * What a step with items does next. It is running from the moment its items are known until the last of them has ended,
 * and no worker holds it. Pure.
 *
 *   when                                                          it
 *   all items have ended                                          ends: failed, if one has failed; else cancelled, if one was
 *                                                                 cancelled; else succeeded
 *   one has failed, with `failFast` and no `continueOnError`      stops: those that nobody runs are cancelled, those that run
 *                                                                 are told to end
 *   it was stopped, by a failure or with its run                  waits for those that run
 *   items wait, and fewer than `maxParallel` have begun           releases the next ones
 *   otherwise                                                     waits
 *
 * An item that waits for its next attempt has begun: it keeps its place.
 */

import type { Failure, ForeachSpec, StepPhase, StepSpec } from "@haversack/protocol";

export interface GroupState {
  readonly total: number;
  /** Not released yet. */
  readonly waiting: number;
  /** Not ended; those that wait are among them. */
  readonly open: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly isStopped: boolean;
}

export type GroupMove =
  | { readonly kind: "wait" }
  | { readonly kind: "stop" }
  | { readonly kind: "release"; readonly count: number }
  | { readonly kind: "end"; readonly event: GroupEnd };

export type GroupEnd = Extract<StepPhase, "succeeded" | "failed" | "cancelled">;

export type GroupRule = Pick<ForeachSpec, "maxParallel" | "failFast"> & Pick<StepSpec, "continueOnError">;

/** @param kept items that an earlier run did already */
export function openedGroup(total: number, kept = 0): GroupState {
  const open = total - kept;
  return { total, waiting: open, open, failed: 0, cancelled: 0, isStopped: false };
}

export function groupMove(rule: GroupRule, state: GroupState): GroupMove {
  const { open, waiting, failed, isStopped } = state;
  if (open === 0) return { kind: "end", event: endOf(state) };
  if (isStopped) return { kind: "wait" };
  if (failed > 0 && rule.failFast && rule.continueOnError !== true) return { kind: "stop" };
  const count = Math.min(waiting, rule.maxParallel - (open - waiting));
  return count > 0 ? { kind: "release", count } : { kind: "wait" };
}

export const afterRelease = (state: GroupState, count: number): GroupState => ({
  ...state,
  waiting: state.waiting - count,
});

/** One that had begun has ended. */
export const afterItem = (state: GroupState, phase: StepPhase): GroupState => ({
  ...state,
  open: state.open - 1,
  failed: state.failed + (phase === "failed" ? 1 : 0),
  cancelled: state.cancelled + (phase === "cancelled" ? 1 : 0),
});

/** @param idle how many nobody ran, and so have ended; all that waited are among them */
export const afterStop = (state: GroupState, idle: number): GroupState => ({
  ...state,
  waiting: 0,
  open: state.open - idle,
  cancelled: state.cancelled + idle,
  isStopped: true,
});

function endOf({ failed, cancelled }: GroupState): GroupEnd {
  if (failed > 0) return "failed";
  return cancelled > 0 ? "cancelled" : "succeeded";
}

/** What a group that failed says. @param first the item that failed first */
export function groupFailure(
  { total, failed, cancelled }: Pick<GroupState, "total" | "failed" | "cancelled">,
  first: { readonly item: number; readonly failure: Failure },
): Failure {
  const rest = cancelled === 0 ? "" : `, ${cancelled} were cancelled`;
  const counts = `${failed} of ${total} items failed${rest}`;
  return { code: first.failure.code, message: `item ${first.item}: ${first.failure.message} (${counts})` };
}
