/** What decides why a step waits, but for the workers that are there. */

import type { RunId, StepPhase } from "@haversack/protocol";
import type { LimitState, LimitUse } from "./limits.ts";
import type { QueueKey } from "./queue-key.ts";

/** What the store knows of a step that has not started. */
export interface WaitFacts {
  readonly phase: StepPhase;
  /** Somebody paused its run. */
  readonly isPaused: boolean;
  /** No worker takes it. */
  readonly isOwnRun: boolean;
  /** Milliseconds since 1970; its next attempt waits until then. 0: it does not. */
  readonly notBefore: number;
  readonly queue: QueueKey & {
    /** Where what its steps deploy stands. */
    readonly standsOn?: { readonly id: string; readonly name: string };
  };
  /** Steps before it that have not ended. */
  readonly behind: readonly { readonly id: string; readonly phase: StepPhase }[];
  /** It comes when the steps of its run have ended. */
  readonly isHandler: boolean;
  /** It is one of the items of a step. */
  readonly isItem: boolean;
  /** Its run waits for other runs; absent: it does not. */
  readonly hold?: RunHold;
  readonly limits: readonly LimitFacts[];
}

export interface RunHold {
  readonly key: string;
  readonly limit: number;
  /** Those that are under way under this key; not all, when they are many. */
  readonly runs: readonly RunId[];
  /** Runs that wait before it. */
  readonly ahead: number;
}

export interface LimitFacts {
  readonly use: LimitUse;
  readonly state: LimitState;
  /** Who has it; not all, when they are many. */
  readonly holders: readonly { readonly runId: RunId; readonly stepId: string }[];
}
