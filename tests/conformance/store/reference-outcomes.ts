/** What becomes of steps, said once more without a graph. */

import type { StepPhase } from "@haversack/protocol";
import type { RefCondition, RefStep } from "./reference-nouns.ts";

/** @param step all whose dependencies have ended */
export function decided(
  step: RefStep,
  steps: readonly RefStep[],
  conditions: readonly RefCondition[],
): { readonly phase: StepPhase; readonly seen: string } {
  const ancestors = ancestorsOf(step, steps);
  const satisfied = step.depends.every((on) => satisfies(steps[on]));
  const failed = ancestors.some(({ phase }) => phase === "failed");
  const cancelled = ancestors.some(({ phase }) => phase === "cancelled");
  const condition = conditions.find(({ text }) => text === step.spec.condition);
  const isAsked = satisfied || condition?.rescues === true;
  const isTrue = isAsked && (condition?.isTrue({ satisfied, failed, cancelled }) ?? true);
  const phase = isTrue ? "ready" : satisfied ? "skipped" : "blocked";
  return { phase, seen: phase === "ready" && !satisfied ? "rescued" : phase };
}

function ancestorsOf({ depends }: RefStep, steps: readonly RefStep[]): RefStep[] {
  const parents = depends.flatMap((on) => steps[on] ?? []);
  return [...parents, ...parents.flatMap((parent) => ancestorsOf(parent, steps))];
}

export function satisfies(step: RefStep | undefined): boolean {
  if (step === undefined) return false;
  return step.phase === "succeeded" || step.phase === "skipped" || isExcused(step);
}

export const isExcused = ({ phase, spec }: RefStep): boolean =>
  phase === "failed" && spec.continueOnError === true;

export function outcomeOf(steps: readonly RefStep[], isOver: boolean): "succeeded" | "failed" | "cancelled" {
  const phases = new Set(steps.map(({ phase }) => phase));
  if (steps.some((step) => step.phase === "failed" && !isExcused(step))) return "failed";
  if (phases.has("cancelled")) return isOver ? "failed" : "cancelled";
  return phases.has("blocked") ? "failed" : "succeeded";
}
