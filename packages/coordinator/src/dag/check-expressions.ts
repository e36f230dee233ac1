/** Expressions of a DAG, checked before it is accepted: every name in them exists, and may be asked for there. */

import { type DagSpec, deployOutputs, type ForeachSpec, localDag, type StepSpec } from "@haversack/protocol";
import { parseCondition, statusFunctionsIn } from "../runs/conditions.ts";
import type { DataPath, Expression } from "../runs/expression-parse.ts";
import { parseTemplate, pathsIn } from "../runs/expressions.ts";
import { matrixNames } from "../runs/foreach-items.ts";
import { type AncestryQuestion, ancestry, type DagGraph } from "../runs/graph.ts";
import { answerOutputs, fieldsOf } from "./form.ts";
import type { YamlPath } from "./yaml-source.ts";

/** Where an expression stands, which decides what it may ask for. */
export type Place =
  /** The DAG's own `env`: told to every step. */
  | { readonly of: "dag" }
  /** Decided at submission. */
  | { readonly of: "label"; readonly item?: ItemsThere }
  | { readonly of: "step"; readonly index: number; readonly item?: ItemsThere }
  /** It sees all steps: they have ended. */
  | { readonly of: "handler"; readonly item?: ItemsThere };

/** The step's items; text: why there are none in this place. Absent: the step is done once. */
type ItemsThere = ForeachSpec | string;

export interface Reporter {
  problem(path: YamlPath, code: string, message: string): void;
  /** A "did you mean", or nothing. */
  near(name: string, known: Iterable<string>): string;
}

export class ExpressionChecker {
  readonly #spec: DagSpec;
  readonly #byId: ReadonlyMap<string, StepSpec>;
  readonly #report: Reporter;
  /** Absent when the graph is not sound. */
  #graph: DagGraph | undefined;
  /** Answered together, in the end. */
  readonly #questions: (AncestryQuestion & { readonly at: YamlPath; readonly id: string })[] = [];

  constructor(spec: DagSpec, byId: ReadonlyMap<string, StepSpec>, report: Reporter) {
    this.#spec = spec;
    this.#byId = byId;
    this.#report = report;
  }

  /** Who is whose ancestor, once the graph is known to be sound. */
  know(graph: DagGraph): void {
    this.#graph = graph;
  }

  template(at: YamlPath, text: string, place: Place): void {
    const parsed = parseTemplate(text);
    if (!parsed.ok) return this.#report.problem(at, "bad_expression", parsed.problem);
    for (const part of parsed.parts) if (part.kind === "expression") this.#value(at, part.expression, place);
  }

  condition(at: YamlPath, text: string, place: Place): void {
    const parsed = parseCondition(text);
    if (!parsed.ok) return this.#report.problem(at, "bad_expression", parsed.problem);
    const [asked] = statusFunctionsIn(parsed.condition.expression);
    if (asked !== undefined && place.of === "handler") {
      const message = `a handler asks run.status == 'failed' and the like, not ${asked}()`;
      this.#report.problem(at, "bad_expression", message);
    }
    for (const path of parsed.condition.paths) this.#path(at, path, place);
  }

  #value(at: YamlPath, expression: Expression, place: Place): void {
    const [asked] = statusFunctionsIn(expression);
    if (asked !== undefined) {
      const message = `${asked}() may be asked in \`if\` only; here steps.<id>.status says how a step ended`;
      this.#report.problem(at, "bad_expression", message);
    }
    for (const path of pathsIn(expression)) this.#path(at, path, place);
  }

  #path(at: YamlPath, path: DataPath, place: Place): void {
    if (path.root === "params") return this.#param(at, path.name);
    if (path.root === "item" || path.root === "matrix" || path.root === "index") {
      return this.#item(at, path, place);
    }
    if (place.of === "label") {
      const message = "a label, a concurrency key and the name of a deployment may use params only";
      return this.#report.problem(at, "bad_expression", message);
    }
    if (path.root === "run") {
      if (path.field !== "status" || place.of === "handler") return;
      const message = "run.status is known to handlers only: the run has not ended yet";
      return this.#report.problem(at, "bad_expression", message);
    }
    if (place.of === "dag") {
      const message = "the DAG's env may use params and run only: no step has ended yet";
      return this.#report.problem(at, "bad_expression", message);
    }
    this.#ofStep(at, path, place.of === "step" ? place.index : undefined);
  }

  #param(at: YamlPath, name: string): void {
    if (Object.hasOwn(this.#spec.params, name)) return;
    const known = Object.keys(this.#spec.params);
    const fix = this.#report.near(name, known) || "; declare it under `params`";
    this.#report.problem(at, "unknown_param", `unknown parameter "${name}"${fix}`);
  }

  #item(at: YamlPath, path: DataPath, place: Place): void {
    const there = "item" in place ? place.item : undefined;
    if (typeof there === "string") return this.#report.problem(at, "bad_expression", there);
    if (there === undefined) {
      const message = "item, matrix.<name> and index are known in a step with foreach or matrix only";
      return this.#report.problem(at, "bad_expression", message);
    }
    if (path.root !== "matrix") return;
    const names = matrixNames(there);
    if (names.includes(path.name)) return;
    const fix =
      this.#report.near(path.name, names) || (names.length === 0 ? "; with foreach it is item" : "");
    this.#report.problem(at, "bad_expression", `the matrix has no "${path.name}"${fix}`);
  }

  #ofStep(
    at: YamlPath,
    path: Extract<DataPath, { root: "steps" | "status" }>,
    own: number | undefined,
  ): void {
    const target = this.#byId.get(path.stepId);
    if (target === undefined) {
      const near = this.#report.near(path.stepId, this.#byId.keys());
      return this.#report.problem(at, "unknown_step", `unknown step "${path.stepId}"${near}`);
    }
    if (own !== undefined && this.#graph !== undefined) this.#ask(at, own, path.stepId, this.#graph);
    if (path.root === "steps") this.#output(at, target, path.output);
  }

  /** A step that it names under `depends` is one. */
  #ask(at: YamlPath, step: number, id: string, graph: DagGraph): void {
    const other = graph.indexOf.get(id) ?? -1;
    if (this.#spec.steps[step]?.depends.includes(id) !== true) this.#questions.push({ at, step, other, id });
  }

  /** After the last expression. */
  end(): void {
    if (this.#graph === undefined) return;
    const answers = ancestry(this.#graph, this.#questions);
    for (const [index, { at, id }] of this.#questions.entries()) {
      const message = `step "${id}" is not an ancestor: add it to \`depends\``;
      if (answers[index] !== true) this.#report.problem(at, "not_an_ancestor", message);
    }
  }

  #output(at: YamlPath, step: StepSpec, output: string): void {
    const names = outputNames(step, this.#spec);
    if (names === undefined || names.includes(output)) return;
    const declare = declareOutput[step.work.kind];
    const near = this.#report.near(output, names);
    const message = `step "${step.id}" has no output "${output}"${near || declare}`;
    this.#report.problem(at, "unknown_output", message);
  }
}

const declareOutput = {
  run: "; declare it under the step's `outputs`",
  agent: "",
  deploy: "",
  dag: "; declare it under `outputs` of the child DAG",
  human: "; declare it under `human.form`",
} as const;

/** Undefined: any name may come, such as from an agent whose schema lists no properties, or from a DAG that stands elsewhere. */
function outputNames(step: StepSpec, dag: DagSpec): readonly string[] | undefined {
  if (step.work.kind === "run") return step.outputs;
  if (step.work.kind === "human") return [...answerOutputs, ...fieldsOf(step.work.form)];
  if (step.work.kind === "deploy") return deployOutputs;
  if (step.work.kind === "dag") {
    const child = localDag(dag, step.work.use);
    return child === undefined ? undefined : Object.keys(child.outputs ?? {});
  }
  const properties = step.work.outputSchema?.["properties"];
  if (step.work.outputSchema === undefined) return step.outputs;
  return properties !== null && typeof properties === "object" ? Object.keys(properties) : undefined;
}
