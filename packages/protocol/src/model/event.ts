/** What happened to a run, numbered from 1 without a gap (P4). */

import type { RunId, StepId, WorkerId } from "./ids.ts";
import type { Failure } from "./outcome.ts";
import type { RunStatus, StepPhase } from "./run.ts";

export interface RunEvent {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly change: RunChange | StepChange;
}

export interface RunChange {
  readonly kind: "run";
  readonly status: RunStatus;
  readonly failure?: Failure;
  readonly cancelRequested: boolean;
  /** Absent: it is not paused. */
  readonly paused?: true;
}

export interface StepChange {
  readonly kind: "step";
  readonly stepId: StepId;
  readonly phase: StepPhase;
  readonly attempt: number;
  readonly workerId?: WorkerId;
  readonly failure?: Failure;
  readonly exitCode?: number;
  /** Of a `dag` step: the run that this attempt is. */
  readonly childRunId?: RunId;
  /** Of a step with `foreach` or `matrix`, once they are known: how many it has. */
  readonly items?: number;
}
