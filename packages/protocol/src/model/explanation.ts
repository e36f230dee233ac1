/** What steps share, and what they wait for, as a client sees it. */

import type { Priority } from "./placement.ts";
import type { StepPhase } from "./run.ts";

/** A supply that all steps share, such as the connections of a database. */
export interface Pool {
  readonly name: string;
  /** Units there are; 0 lets nothing start. */
  readonly limit: number;
}

export interface PoolInfo extends Pool {
  /** Units that attempts hold now. It may be above a limit that was lowered. */
  readonly inUse: number;
}

/** Why a step has not started. */
export interface WaitReason {
  /** Stable, such as `no_worker`. */
  readonly code: string;
  readonly message: string;
}

/** What is known of a step's place in the queue. */
export interface StepExplanation {
  readonly phase: StepPhase;
  /** All that keeps it from starting now; empty: it is about to start, has started, or has ended. */
  readonly reasons: readonly WaitReason[];
  readonly priority: Priority;
  /** What it asks of a worker, such as `zone in (a, b)`. */
  readonly worker: readonly string[];
  /** What it takes a part of, such as `pool licences: 2 units of 5`. */
  readonly limits: readonly string[];
}
