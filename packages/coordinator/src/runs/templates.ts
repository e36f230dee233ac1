/** Where in a step expressions may stand, besides its `if`. Worker labels are evaluated at submission, not here. */

import type { ChildSpec, DagSpec, JsonObject, JsonValue, StepSpec } from "@haversack/protocol";
import type { TemplateData } from "./expression-value.ts";
import { evaluate, render } from "./expressions.ts";
import { textsIn } from "./json-texts.ts";

/** Every text of a step that is evaluated when it starts. */
export function templatesOf(dag: DagSpec, step: StepSpec): string[] {
  if (step.work.kind === "dag") return childTemplates(step.work);
  if (step.work.kind === "deploy")
    return [step.work.name, ...(step.work.command ?? []), ...Object.values(step.work.env)];
  const prompt = step.work.kind === "run" ? [] : [step.work.prompt];
  return [...Object.values(dag.env), ...Object.values(step.env), ...prompt];
}

function childTemplates({ use, params }: ChildSpec): string[] {
  return [use, ...Array.from(textsIn(params), ({ text }) => text)];
}

/** A `dag` step's name and parameters. A text that is one whole expression keeps the type of its value. */
export function evaluateChild(child: ChildSpec, data: TemplateData): { use: string; params: JsonObject } {
  const params = Object.entries(child.params).map(([name, value]) => [name, evaluated(value, data)] as const);
  return { use: render(child.use, data), params: Object.fromEntries(params) };
}

function evaluated(value: JsonValue, data: TemplateData): JsonValue {
  if (typeof value === "string") return evaluate(value, data);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => evaluated(item, data));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, evaluated(item, data)]));
}
