/** A `dag` step, checked before its DAG is accepted: what it names, and what it gives. */

import { type ChildSpec, type DagSpec, localDag } from "@haversack/protocol";
import { hasExpression } from "../runs/expressions.ts";
import { textsIn } from "../runs/json-texts.ts";
import { childParamProblems } from "./child-params.ts";
import { isSlug } from "./slug.ts";
import type { YamlPath } from "./yaml-source.ts";

export interface ChildCheck {
  readonly dag: DagSpec;
  /** Of the step. */
  readonly at: YamlPath;
  readonly problem: (path: YamlPath, code: string, message: string) => void;
  /** Checks an expression in a place. */
  readonly template: (path: YamlPath, text: string) => void;
}

export function checkChild(child: ChildSpec, { dag, at, problem, template }: ChildCheck): void {
  const use = [...at, "dag", "use"];
  const isDynamic = hasExpression(child.use);
  if (isDynamic) template(use, child.use);
  else if (!isSlug(child.use)) {
    problem(use, "bad_dag_name", "expected the name of a DAG, or an expression that gives one");
  }
  if (!isDynamic && child.candidates !== undefined) {
    const message =
      "`candidates` are the names that an expression under `use` may give; this one is a name already";
    problem([...at, "dag", "candidates"], "bad_value", message);
  }
  for (const { path, text } of textsIn(child.params)) template([...at, "dag", "params", ...path], text);
  for (const name of isDynamic ? (child.candidates ?? []) : [child.use]) {
    // Those that stand elsewhere are checked when they are read.
    const target = localDag(dag, name);
    for (const { param, code, message } of target === undefined ? [] : childParamProblems(child, target)) {
      problem([...at, "dag", ...(param === undefined ? [] : ["params", param])], code, message);
    }
  }
}
