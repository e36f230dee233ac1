/** What the end of a step is told with, between those who decide what follows from it. */

import type { StepPhase } from "@haversack/protocol";
import type { Before } from "../../runs/outcomes.ts";
import { flag } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";

/** A run and the moment in which something of it ends. */
export interface SettledRun {
  readonly run: RunState;
  readonly now: number;
}

export interface EndedStep {
  /** Position of the step in the DAG. */
  readonly index: number;
  readonly phase: StepPhase;
  readonly continueOnError: boolean;
  readonly before: Before;
}

export function beforeOfRow(row: Row): Before {
  return {
    isSatisfied: !flag(row, "unsatisfied"),
    hasFailed: flag(row, "ancestor_failed"),
    hasCancelled: flag(row, "ancestor_cancelled"),
  };
}

/** @param row with what its end passes on */
export const endedStep = (index: number, phase: StepPhase, row: Row): EndedStep => ({
  index,
  phase,
  continueOnError: flag(row, "continue_on_error"),
  before: beforeOfRow(row),
});
