/** The steps and handlers of a Dagu file, with what Dagu does before the first step. */

import { metBy, preconditionsOf, testStep } from "./conditions.ts";
import { type DraftStep, idFor } from "./draft.ts";
import { readStep, type StepSetting } from "./read-step.ts";
import { readSteps } from "./read-steps.ts";
import { type Section, sectionOf } from "./section.ts";

export function stepsOf(root: Section, setting: StepSetting): DraftStep[] {
  const { losses, taken, isParam } = setting;
  const isChain = (root.take("type")?.value ?? "chain") === "chain";
  const steps = readSteps(root.take("steps"), isChain, setting);
  if (steps.length === 0) losses.lose("steps", "expected at least one step");
  const asked = preconditionsOf([root.take("preconditions"), root.take("precondition")], isParam, losses);
  const first = steps.filter(({ depends = [] }) => depends.length === 0);
  for (const step of first) step.conditions.unshift(...asked.expressions);
  if (asked.tests.length === 0) return steps;
  const before = testStep(idFor("preconditions", taken), asked.tests, { field: "preconditions" });
  taken.add(before.id);
  before.depends = [];
  for (const step of first) {
    step.depends = [before.id];
    step.conditions.unshift(metBy(before.id));
  }
  return [before, ...steps];
}

export const handlerKeys = [
  ["onSuccess", ["success"]],
  ["onFailure", ["failure"]],
  ["onCancel", ["abort", "cancel"]],
  ["onExit", ["exit"]],
] as const;

export interface Handler {
  readonly kind: (typeof handlerKeys)[number][0];
  readonly draft: DraftStep;
}

export function handlersOf(root: Section, setting: StepSetting): Handler[] {
  const entry = root.take("handler_on");
  const section = sectionOf(entry?.value, entry?.field ?? "", setting.losses);
  const found = handlerKeys.flatMap(([kind, names]): Handler[] => {
    const own = section.take(...names);
    if (own === undefined) return [];
    const { draft, tests, approval } = readStep(own.value, own.field, kind, setting);
    if (approval !== undefined || draft.work?.kind === "human")
      setting.losses.lose(own.field, "a handler cannot ask a person: make it a step");
    if (draft.work?.isMany === true)
      setting.losses.lose(own.field, "a handler has no items: do it for all in a step before");
    if (tests.length > 0)
      setting.losses.lose(
        own.field,
        "a handler has no step before it that could find out; ask in the command",
      );
    return [{ kind, draft: { ...draft, continueOnError: false } }];
  });
  section.end({
    init: "write it as a first step, and have the others depend on it",
    wait: "nothing starts when a step asks a person: do it in a step before that one",
  });
  return found;
}
