/** What the reference of a run knows of its steps and their attempts. */

import type { ApprovalDecision, Outcome, StepPhase, StepSpec } from "@haversack/protocol";

export interface RefAttempt {
  readonly step: number;
  readonly number: number;
  readonly worker: string;
  boot: string;
  leaseUntil: number;
  phase: "leased" | "running" | "lost" | Outcome;
  /** Of the accepted result. */
  result: string | undefined;
}

/** An `if` and what it means, said once more without an evaluator. */
export interface RefCondition {
  readonly text: string;
  readonly rescues: boolean;
  isTrue(before: { satisfied: boolean; failed: boolean; cancelled: boolean }): boolean;
}

export interface RefStep {
  readonly spec: StepSpec;
  readonly depends: readonly number[];
  phase: StepPhase;
  attempt: number;
  failed: number;
  lost: number;
  notBefore: number;
  /** Until when somebody must take it, or answer. */
  dueAt: number;
  answer: ApprovalDecision | "silence" | undefined;
}

/** Something that is due, and the time that it was found with. */
export interface RefDeadline {
  readonly step: number | "run";
  readonly due: number;
}

export interface RefRunOptions {
  readonly ttlMs: number;
  readonly conditions: readonly RefCondition[];
  /** Of the run. */
  readonly timeoutMs: number | undefined;
  readonly now: number;
}

export const ended = (phase: StepPhase): boolean =>
  phase === "succeeded" ||
  phase === "failed" ||
  phase === "cancelled" ||
  phase === "blocked" ||
  phase === "skipped";
export const isLive = ({ phase }: RefAttempt): boolean => phase === "leased" || phase === "running";

export const never = Number.POSITIVE_INFINITY;
export const isHuman = ({ work }: StepSpec): boolean => work.kind === "human";

const isFirst = (spec: StepSpec): boolean =>
  spec.depends.length === 0 && spec.condition === undefined && spec.handler === undefined && !isHuman(spec);

export const newSteps = (specs: readonly StepSpec[], now: number): RefStep[] =>
  specs.map((spec) => ({
    spec,
    depends: spec.depends.map((id) => specs.findIndex((other) => other.id === id)),
    phase: isFirst(spec) ? "ready" : "waiting",
    attempt: 0,
    failed: 0,
    lost: 0,
    notBefore: 0,
    dueAt: isFirst(spec) ? now + (spec.queueTimeoutMs ?? never) : never,
    answer: undefined,
  }));
