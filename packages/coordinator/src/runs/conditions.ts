/** `if` of a step: one expression, in `${{ }}` or without. Parsed once for a DAG, evaluated once for a step of a run. */

import { invariant } from "@haversack/base";
import type { StepSpec } from "@haversack/protocol";
import type { DataPath, Expression } from "./expression-parse.ts";
import { parseExpression, partsOf, type StatusFunction, statusFunctions } from "./expression-parse.ts";
import { pathsIn } from "./expressions.ts";

export interface Condition {
  readonly expression: Expression;
  readonly paths: readonly DataPath[];
  /** It may be true although a dependency is not satisfied. Without any status function it means `success() && (…)`. */
  readonly mayRescue: boolean;
}

export type ConditionParse =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly problem: string };

export function parseCondition(text: string): ConditionParse {
  const parsed = parseExpression(bare(text));
  if (!parsed.ok) return parsed;
  const { expression } = parsed;
  const asked = new Set(statusFunctionsIn(expression));
  const condition = {
    expression,
    paths: pathsIn(expression),
    mayRescue: asked.has("always") || asked.has("failure") || asked.has("cancelled"),
  };
  return { ok: true, condition };
}

/** Of a step that was checked. Undefined: it has no `if`. */
export function conditionOf({ id, condition }: StepSpec): Condition | undefined {
  if (condition === undefined) return undefined;
  const parsed = parseCondition(condition);
  invariant(parsed.ok, `the \`if\` of step ${id} was checked when its DAG was accepted`);
  return parsed.condition;
}

export function statusFunctionsIn(expression: Expression): StatusFunction[] {
  const known: readonly string[] = statusFunctions;
  return [...partsOf(expression)].flatMap((part) =>
    part.kind === "call" && known.includes(part.name) ? [part.name as StatusFunction] : [],
  );
}

function bare(text: string): string {
  const trimmed = text.trim();
  return trimmed.startsWith("${{") && trimmed.endsWith("}}") ? trimmed.slice(3, -2) : trimmed;
}
