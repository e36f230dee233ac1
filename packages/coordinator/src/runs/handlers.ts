/** Which handlers come when. Pure. */

import type { HandlerKind } from "@haversack/protocol";
import { timedOut } from "./deadlines.ts";
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

/** What may end a run before its steps do. */
export interface Ending {
  readonly cancelRequested: boolean;
  /** Bits of {@link timedOut}. */
  readonly timedOut: number;
}

/**
 * Whether the run wants a step of it to end: by a cancel, which does not touch the handlers that come after it, or because
 * the time of its steps, or of its handlers, is over.
 */
export function isToEnd(run: Ending, handler: string | undefined): boolean {
  if (handler === undefined) return run.cancelRequested || (run.timedOut & timedOut.steps) !== 0;
  if ((run.timedOut & timedOut.handlers) !== 0) return true;
  return run.cancelRequested && handler !== "onCancel" && handler !== "onExit";
}
