/** What a worker is given: one attempt at one step, every expression already evaluated. */

import type { DeployWork } from "./deployment.ts";
import type { AttemptRef } from "./fence.ts";
import type { JsonObject } from "./json.ts";
import type { Artifact } from "./outcome.ts";
import type { TaskSecrets } from "./secret.ts";
import type { SnapshotDescriptor } from "./snapshot-descriptor.ts";
import type { StepLimits } from "./step-limits.ts";
import type { TraceContext } from "./trace.ts";

export interface Task {
  readonly ref: AttemptRef;
  readonly dagName: string;
  readonly env: ReadonlyMap<string, string>;
  /** Time limit of the attempt in milliseconds; absent: none. */
  readonly timeoutMs?: number;
  /** Absent: what the worker has. */
  readonly limits?: StepLimits;
  /** Placed in the work folder before the step starts. */
  readonly inputs: readonly Artifact[];
  /** Paths or globs of the files that leave the step when it succeeded. */
  readonly artifacts: readonly string[];
  /** Names that the step promised. */
  readonly outputs: readonly string[];
  readonly work: CommandWork | AgentWork | DeployWork;
  /** Absent: it names none. */
  readonly secrets?: TaskSecrets;
  /** What the attempt's span hangs under; absent: the run has no trace. */
  readonly trace?: TraceContext;
}

export interface CommandWork {
  readonly kind: "run";
  /** Written to a file, whose name becomes the last argument of `shell`. */
  readonly script: string;
  readonly shell: readonly string[];
  /** Relative to the work folder. */
  readonly workdir: string;
}

export interface AgentWork {
  readonly kind: "agent";
  readonly prompt: string;
  /** JSON Schema of the `output` tool; absent: the step declares no output. */
  readonly outputSchema?: JsonObject;
  readonly snapshot: SnapshotDescriptor;
}
