/** What the benchmark asks of the worker's end, and what that answers. */

import type { Shape } from "./dags.ts";

export interface RoundsAsked {
  readonly url: string;
  readonly adminToken: string;
  readonly workerToken: string;
  /** Runs of so many steps of this shape; all are submitted at once. */
  readonly loads: readonly Load[];
  /** Runs of one step, submitted one after the other while nothing else happens. */
  readonly idleRuns: number;
  /** Then runs of one step at this rate, whatever became of those before. */
  readonly steady: { readonly perSecond: number; readonly seconds: number };
}

export interface Load {
  readonly shape: Shape;
  readonly runs: number;
  readonly steps: number;
}

export interface RoundsDone {
  /** From the first submission to the last accepted result, in the order of the loads. */
  readonly loadMs: readonly number[];
  /** From each submission to the task at the worker. */
  readonly idleMs: readonly number[];
  readonly steadyMs: readonly number[];
}
