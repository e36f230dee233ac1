/** What the snapshot planner asks of a DAG: the few things of it that decide which items its agent steps need. */

import type { StepSpec } from "@haversack/protocol";
import type { PlannableDag, PlannableStep } from "@haversack/snapshot";
import { type ParsedDag, parseDag } from "./parse-dag.ts";

/** YAML text, for a caller that only plans. Throws ProblemsError with everything that is wrong. */
export function readPlannableDag(text: string, file: string): PlannableDag {
  return plannableDag(parseDag(text, file));
}

export function plannableDag({ spec, source, agentDefaults }: ParsedDag): PlannableDag {
  return {
    name: spec.name,
    file: source.file,
    defaultsAgent: agentDefaults,
    steps: spec.steps.map((step, index) => plannableStep(step, index, source.at(`steps[${index}]`).line)),
    locate: (field) => source.at(field),
  };
}

function plannableStep(step: StepSpec, index: number, line: number): PlannableStep {
  const common = { id: step.id, kind: step.work.kind, field: `steps[${index}]`, line };
  return step.work.kind === "agent" ? { ...common, agent: step.work.settings } : common;
}
