/** A parsed DAG as the snapshot planner reads it. */

import type { StepSpec } from "@haversack/protocol";
import type { PlannableDag } from "@haversack/snapshot";
import type { ParsedDag } from "../dag/parse-dag.ts";
import { placesOf } from "../dag/places.ts";
import { fieldOf } from "../dag/yaml-source.ts";

export function plannable({ spec, source, agentDefaults }: ParsedDag): PlannableDag {
  const places = placesOf(spec);
  const planned = (from: number, to?: number) =>
    places.slice(from, to).map(({ step, path }) => {
      const field = fieldOf(path);
      return plannableStep(step, field, source.at(field).line);
    });
  return {
    name: spec.name,
    file: source.file,
    defaultsAgent: agentDefaults,
    steps: planned(0, spec.steps.length),
    handlers: planned(spec.steps.length),
    locate: (field) => source.at(field),
  };
}

function plannableStep(step: StepSpec, field: string, line: number): PlannableDag["steps"][number] {
  const common = { id: step.id, kind: step.work.kind, field, line };
  return step.work.kind === "agent" ? { ...common, agent: step.work.settings } : common;
}
