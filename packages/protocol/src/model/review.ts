/** Operations on memory that are left to a person: never applied by themselves, never dropped. */

import type { RunId, StepId } from "./ids.ts";
import type { MemoryOperation, MemoryScopeName } from "./memory.ts";

export type ReviewReason =
  | "proposed"
  | "untrusted"
  | "conflict"
  | "limit"
  | "secret"
  | "not-writable"
  | "malformed";

/** An operation that waits for a person. */
export interface MemoryReview {
  /** Names it when it is resolved. */
  readonly id: string;
  readonly scope: MemoryScopeName;
  readonly runId: RunId;
  readonly stepId: StepId;
  readonly operation: MemoryOperation;
  readonly reason: ReviewReason;
  /** Says more, for people. */
  readonly detail: string;
  readonly at: number;
  /** The text of the entry as it is now; absent: there is no such entry. */
  readonly current?: string;
}

export interface ReviewResolution {
  readonly id: string;
  readonly decision: "accept" | "dismiss";
  /** The entry's text as the person saw it; when it is another by now, the decision is refused. */
  readonly current?: string;
}
