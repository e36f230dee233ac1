/** What a human step asks, and what it was answered. Times are milliseconds since 1970. */

import type { RunId, StepId } from "./ids.ts";
import type { JsonObject } from "./json.ts";

export type ApprovalDecision = "approved" | "rejected";

/** What becomes of a human step that nobody answers in time. */
export const timeoutActions = ["fail", "approve", "reject"] as const;
export type TimeoutAction = (typeof timeoutActions)[number];

/** Asks a person. It holds no worker while it waits. */
export interface HumanSpec {
  readonly kind: "human";
  readonly prompt: string;
  /** JSON Schema of an object; absent: nothing is asked for but the decision. */
  readonly form?: JsonObject;
  readonly approvers: readonly string[];
  /** Absent: it waits for ever. */
  readonly timeoutMs?: number;
  readonly onTimeout: TimeoutAction;
  /** What a time-out that approves fills in: the defaults of the form. */
  readonly fieldsOnTimeout?: JsonObject;
}

export interface Answer {
  readonly decision: ApprovalDecision;
  /** The name of the credential; `timeout`: nobody answered in time. */
  readonly by: string;
  /** Who answered, as the caller said; not checked. */
  readonly onBehalfOf?: string;
  readonly comment?: string;
  /** As the form asks for them. */
  readonly fields: JsonObject;
}

export interface Approval {
  /** Expressions evaluated. */
  readonly prompt: string;
  /** JSON Schema of an object; absent: nothing is asked for but the decision. */
  readonly form?: JsonObject;
  /** Names of the tokens that may answer, besides admins; empty: whoever may answer at all. */
  readonly approvers: readonly string[];
  readonly askedAt: number;
  /** Absent: it waits for ever. */
  readonly dueAt?: number;
  readonly onTimeout: TimeoutAction;
  /** Absent: there is none. */
  readonly answer?: Answer & { readonly at: number };
}

/** One that waits, in the list over all runs. */
export interface WaitingApproval extends Approval {
  readonly runId: RunId;
  readonly dagName: string;
  readonly stepId: StepId;
}
