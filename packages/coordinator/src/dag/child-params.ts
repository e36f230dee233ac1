/** What a `dag` step gives its child run, held against what the child's DAG declares. */

import { didYouMean } from "@haversack/base";
import type { ChildSpec, DagSpec, JsonValue } from "@haversack/protocol";
import { hasExpression } from "../runs/expressions.ts";
import { valueProblem } from "./params.ts";

export interface ChildParamProblem {
  /** Undefined: one that is not given. */
  readonly param: string | undefined;
  readonly code: string;
  readonly message: string;
}

/** All that can be known before the run: names, and values in which no expression stands. */
export function childParamProblems(child: ChildSpec, target: DagSpec): ChildParamProblem[] {
  const known = Object.keys(target.params);
  const given = Object.entries(child.params).flatMap(([param, value]): ChildParamProblem[] => {
    const spec = Object.hasOwn(target.params, param) ? target.params[param] : undefined;
    if (spec === undefined) {
      const message = `the DAG "${target.name}" declares no parameter "${param}"${didYouMean(param, known)}`;
      return [{ param, code: "unknown_param", message }];
    }
    const problem = holdsExpression(value) ? undefined : valueProblem(spec, value);
    if (problem === undefined) return [];
    return [{ param, code: "bad_param", message: `the parameter "${param}" of "${target.name}" ${problem}` }];
  });
  const missing = Object.entries(target.params).filter(
    ([name, { required }]) => required && !Object.hasOwn(child.params, name),
  );
  return [
    ...given,
    ...missing.map(([name]) => ({
      param: undefined,
      code: "bad_param",
      message: `the DAG "${target.name}" needs the parameter "${name}"; give it under \`params\``,
    })),
  ];
}

function holdsExpression(value: JsonValue): boolean {
  if (typeof value === "string") return hasExpression(value);
  if (value === null || typeof value !== "object") return false;
  return Object.values(value).some(holdsExpression);
}
