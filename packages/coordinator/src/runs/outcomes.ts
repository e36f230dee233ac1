/**
 * What becomes of a step once all its dependencies have ended, and what its own end means for those behind it. Decided
 * once. Pure.
 *
 *   a dependency that …                                     is, for its dependents,
 *   succeeded; was skipped by its own `if`                  satisfied
 *   failed, with `continueOnError`                          satisfied; the run still succeeds
 *   failed, was cancelled, was blocked                      not satisfied
 *
 *   dependencies          `if`                                             the step is
 *   all satisfied         none, or true                                    released
 *   all satisfied         false                                            skipped
 *   one is not            none, or without always, failure, cancelled      blocked
 *   one is not            true                                             released: the branch is rescued
 *   one is not            false                                            blocked: a false `if` never mends a failure
 */

import type { StepPhase } from "@haversack/protocol";
import type { Condition } from "./conditions.ts";
import { isTrue, type TemplateData, valueOf } from "./expression-value.ts";
import type { StepEvent } from "./step-moves.ts";

/** What a step has before it. */
export interface Before {
  readonly isSatisfied: boolean;
  /** Of all its ancestors, not of its dependencies alone. */
  readonly hasFailed: boolean;
  readonly hasCancelled: boolean;
}

export const nothingBefore: Before = { isSatisfied: true, hasFailed: false, hasCancelled: false };

export type Decision = Extract<StepEvent, "released" | "skipped" | "blocked">;

/** @param data what the paths of the condition name; absent when there is no condition */
export function decideStep(condition: Condition | undefined, before: Before, data?: TemplateData): Decision {
  if (condition === undefined || data === undefined) return before.isSatisfied ? "released" : "blocked";
  if (!before.isSatisfied && !condition.mayRescue) return "blocked";
  const answers = {
    success: before.isSatisfied,
    failure: before.hasFailed,
    cancelled: before.hasCancelled,
    always: true,
  };
  if (isTrue(valueOf(condition.expression, data, answers))) return "released";
  return before.isSatisfied ? "skipped" : "blocked";
}

/** What a step that ended adds to what its dependents have before them. */
export function passedOn(phase: StepPhase, continueOnError: boolean, before: Before): Before {
  return {
    isSatisfied: phase === "succeeded" || phase === "skipped" || (phase === "failed" && continueOnError),
    hasFailed: phase === "failed" || before.hasFailed,
    hasCancelled: phase === "cancelled" || before.hasCancelled,
  };
}
