/** Which handlers come when. Pure. */

import type { HandlerKind } from "@haversack/protocol";
import type { RunEnd } from "./run-end.ts";

const kindOf = {
  succeeded: "onSuccess",
  failed: "onFailure",
  cancelled: "onCancel",
  exit: "onExit",
} as const satisfies Record<RunEnd | "exit", HandlerKind>;

/**
 * When the steps have ended in some way, the handlers for it start and those for other ends never will; `onExit` waits
 * until they have ended.
 */
export function handlerTurn(kind: HandlerKind, turn: RunEnd | "exit"): "start" | "skip" | "wait" {
  if (kind === kindOf[turn]) return "start";
  return kind === "onExit" ? "wait" : "skip";
}

/** A run that was told to cancel starts nothing but `onCancel` and `onExit`, however its steps ended in the meantime. */
export function firstTurn(outcome: RunEnd, cancelRequested: boolean): RunEnd {
  return cancelRequested ? "cancelled" : outcome;
}

/** A cancel does not touch the handlers that come after it. */
export const outlivesCancel = (handler: string | undefined): boolean =>
  handler === "onCancel" || handler === "onExit";
