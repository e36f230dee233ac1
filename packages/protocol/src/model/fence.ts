/**
 * The right to write. An attempt is named by four things, and every write of a worker carries all four: the store
 * compares them with what it handed out and refuses the write when one differs. So an attempt that was given up for
 * lost can go on for as long as it likes: nothing that it sends is accepted (P3, L2).
 */

import type { Generation, RunId, StepId } from "./ids.ts";

export interface Fence {
  readonly generation: Generation;
  /** From 1. */
  readonly attempt: number;
}

export interface AttemptRef extends Fence {
  readonly runId: RunId;
  readonly stepId: StepId;
}

/** A key for maps; two refs have the same one when all four fields are the same. */
export function refKey(ref: AttemptRef): string {
  return `${ref.runId}/${ref.stepId}/${ref.generation}/${ref.attempt}`;
}

export type RefusalReason = "superseded" | "expired" | "terminal" | "generation" | "unknown" | "conflict";

/** Why a write was not accepted. The worker ends the attempt and drops what it has of it. */
export interface Refusal {
  readonly ref: AttemptRef;
  readonly reason: RefusalReason;
  /** Inside the coordinator only: the attempt was given to another worker. */
  readonly foreign?: true;
}
