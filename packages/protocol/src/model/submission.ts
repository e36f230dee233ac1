/** What a client asks for when it starts a run. */

import type { DotenvTexts } from "./dotenv.ts";
import type { JsonObject } from "./json.ts";
import type { RunLabels } from "./run-labels.ts";
import type { TraceContext } from "./trace.ts";

export interface Submission {
  /** The YAML; empty when a stored DAG is named. */
  readonly dag: string;
  /** A stored DAG, instead of the YAML. */
  readonly dagName?: string;
  /** Named in error messages. */
  readonly fileName: string;
  readonly params: JsonObject;
  /** On top of those of the DAG. */
  readonly labels?: RunLabels;
  readonly dotenv?: DotenvTexts;
  readonly idempotencyKey: string;
  /** The answer has an empty list of steps: for programs that submit many runs and look at few. */
  readonly withoutSteps?: boolean;
  /** What the run hangs under; absent: the caller has no trace. */
  readonly trace?: TraceContext;
}

export interface RetryRequest {
  readonly runId: string;
  /** Done again with all that depends on it, even if it succeeded. */
  readonly fromStep?: string;
  /** Pins the agent library as it is now. */
  readonly refreshLibrary: boolean;
  readonly idempotencyKey: string;
  /** What the new run hangs under; absent: the caller has no trace. */
  readonly trace?: TraceContext;
}
