/** What the snapshot planner asks of a DAG: the few things of it that decide which items its agent steps need. */

import type { StepSpec } from "@haversack/protocol";
import type { PlannableDag, PlannableStep } from "@haversack/snapshot";
import { hasExpression } from "../runs/expressions.ts";
import { type ParsedDag, parseDag } from "./parse-dag.ts";
import { placesOf } from "./places.ts";
import { fieldOf } from "./yaml-source.ts";

/** YAML text, for a caller that only plans. Throws ProblemsError with everything that is wrong. */
export function readPlannableDag(text: string, file: string): PlannableDag {
  return plannableFile(parseDag(text, file));
}

/** A DAG with the local ones of its file. */
export function plannableFile(parsed: ParsedDag, plannable = plannableDag): PlannableDag {
  const dags = [...(parsed.locals ?? [])].map(([name, local]) => [name, plannable(local)] as const);
  return dags.length === 0 ? plannableDag(parsed) : { ...plannableDag(parsed), dags: new Map(dags) };
}

export function plannableDag({ spec, source, agentDefaults }: ParsedDag): PlannableDag {
  const places = placesOf(spec);
  const { whole = source, place } = source;
  const planned = (from: number, to?: number) =>
    places.slice(from, to).map(({ step, path }) => {
      const field = place === undefined ? fieldOf(path) : `${place}.${fieldOf(path)}`;
      return plannableStep(step, field, whole.at(field).line);
    });
  return {
    name: spec.name,
    file: source.file,
    defaultsAgent: agentDefaults,
    steps: planned(0, spec.steps.length),
    handlers: planned(spec.steps.length),
    locate: (field) => whole.at(field),
  };
}

function plannableStep(step: StepSpec, field: string, line: number): PlannableStep {
  const common = { id: step.id, kind: step.work.kind, field, line };
  if (step.work.kind === "dag") {
    const { use, candidates } = step.work;
    const dag = { use, dynamic: hasExpression(use), ...(candidates === undefined ? {} : { candidates }) };
    return { ...common, dag };
  }
  if (step.work.kind === "deploy") {
    return step.work.agent === undefined ? common : { ...common, agent: { use: step.work.agent } };
  }
  return step.work.kind === "agent" ? { ...common, agent: step.work.settings } : common;
}
