/** What a DAG file means, checked before it is accepted: names, cycles, expressions. All problems at once. */

import { didYouMean, pathProblem } from "@haversack/base";
import { type DagSpec, loadsCode, type Problem, type StepSpec } from "@haversack/protocol";
import { type DataPath, hasExpression, parseTemplate } from "../runs/expressions.ts";
import { type DagGraph, findCycle, graphOf, reaches } from "../runs/graph.ts";
import type { YamlPath, YamlSource } from "./yaml-source.ts";
import { fieldOf } from "./yaml-source.ts";

const edgesMax = 100_000;
/** Problems that are told one by one; a file with more of them has one cause, or means no good. */
export const problemsMax = 100;
/** Problems that come with a "did you mean": looking for one costs a look at every name. */
const guessesMax = 20;

/** Names that Haversack sets itself. */
const reservedEnv = /^(HAVERSACK_.*|PARAM_.*)$/;

export class DagChecker {
  readonly problems: Problem[] = [];
  #found = 0;
  readonly #source: YamlSource;
  readonly #spec: DagSpec;
  readonly #byId: ReadonlyMap<string, StepSpec>;
  /** Absent when the graph is not sound. */
  #graph: DagGraph | undefined;

  constructor(source: YamlSource, spec: DagSpec) {
    this.#source = source;
    this.#spec = spec;
    this.#byId = new Map(spec.steps.map((step) => [step.id, step]));
  }

  check(): readonly Problem[] {
    this.#checkGraph();
    this.#env(["env"], this.#spec.env, undefined);
    for (const [index, step] of this.#spec.steps.entries()) this.#step(index, step);
    const more = this.#found - this.problems.length;
    if (more > 0) this.#tell([], "more_problems", `and ${more} more problems`);
    return this.problems;
  }

  #report(path: YamlPath, code: string, message: string): void {
    this.#found++;
    if (this.problems.length < problemsMax) this.#tell(path, code, message);
  }

  #near(name: string, known: Iterable<string>): string {
    return this.#found < guessesMax ? didYouMean(name, known) : "";
  }

  #tell(path: YamlPath, code: string, message: string): void {
    this.problems.push({
      file: this.#source.file,
      ...this.#source.at(fieldOf(path)),
      field: fieldOf(path),
      code,
      message,
    });
  }

  #checkGraph(): void {
    const before = this.#found;
    const seen = new Set<string>();
    for (const [index, step] of this.#spec.steps.entries()) {
      if (seen.has(step.id))
        this.#report(["steps", index, "id"], "duplicate_step", `a second step "${step.id}"`);
      seen.add(step.id);
      const listed = new Set<string>();
      for (const [at, id] of step.depends.entries()) {
        this.#dependency(["steps", index, "depends", at], step.id, id, listed.has(id));
        listed.add(id);
      }
    }
    const edges = this.#spec.steps.reduce((sum, { depends }) => sum + depends.length, 0);
    if (edges > edgesMax)
      this.#report(["steps"], "too_many_edges", `${edges} dependencies, at most ${edgesMax}`);
    if (this.#found === before) this.#soundGraph();
  }

  #dependency(path: YamlPath, own: string, id: string, isListed: boolean): void {
    if (id === own) this.#report(path, "cycle", `step "${own}" depends on itself`);
    else if (!this.#byId.has(id)) {
      this.#report(path, "unknown_step", `unknown step "${id}"${this.#near(id, this.#byId.keys())}`);
    } else if (isListed) this.#report(path, "duplicate_dependency", `"${id}" is listed twice`);
  }

  #soundGraph(): void {
    const graph = graphOf(this.#spec);
    const cycle = findCycle(graph.depends);
    const idOf = (index: number): string => this.#spec.steps[index]?.id ?? "";
    if (cycle === undefined) {
      this.#graph = graph;
      return;
    }
    const path = ["steps", cycle[0] ?? 0, "depends"];
    this.#report(path, "cycle", `the steps wait for each other: ${cycle.map(idOf).join(" → ")}`);
  }

  #step(index: number, step: StepSpec): void {
    const at = ["steps", index];
    this.#env([...at, "env"], step.env, index);
    for (const [label, value] of Object.entries(step.worker)) this.#label([...at, "worker", label], value);
    for (const key of ["artifacts", "inputs"] as const) {
      for (const [place, path] of step[key].entries()) this.#file([...at, key, place], path);
    }
    if (step.work.kind === "run") this.#command(at, step.work);
    else this.#template([...at, "agent", "prompt"], step.work.prompt, index);
  }

  #command(at: YamlPath, work: { script: string; shell: readonly string[]; workdir: string }): void {
    const refused =
      'expressions are not allowed in shell text: pass the value by `env` and use "$NAME" (text from outside must not become a command)';
    if (hasExpression(work.script)) this.#report([...at, "run"], "expression_in_shell", refused);
    if (work.shell.some(hasExpression)) this.#report([...at, "shell"], "expression_in_shell", refused);
    if (work.workdir !== "") this.#file([...at, "workdir"], work.workdir);
  }

  #file(path: YamlPath, value: string): void {
    const problem = pathProblem(value);
    if (problem !== undefined)
      this.#report(path, "bad_path", `the path ${JSON.stringify(value.slice(0, 80))} ${problem}`);
  }

  #env(path: YamlPath, env: Readonly<Record<string, string>>, step: number | undefined): void {
    for (const [name, value] of Object.entries(env)) {
      if (reservedEnv.test(name) || loadsCode(name)) {
        this.#report(
          [...path, name],
          "forbidden_env",
          `${name} is reserved or decides what programs load; use another name`,
        );
      }
      if (value.includes("\0")) this.#report([...path, name], "bad_env", "contains a NUL character");
      this.#template([...path, name], value, step);
    }
  }

  #label(path: YamlPath, value: string): void {
    const parsed = parseTemplate(value);
    if (!parsed.ok) return this.#report(path, "bad_expression", parsed.problem);
    for (const part of parsed.parts) {
      if (part.kind !== "path") continue;
      if (part.path.root === "params") this.#path(path, part.path, undefined);
      else this.#report(path, "bad_expression", "a worker label may use params only");
    }
  }

  #template(path: YamlPath, text: string, step: number | undefined): void {
    const parsed = parseTemplate(text);
    if (!parsed.ok) return this.#report(path, "bad_expression", parsed.problem);
    for (const part of parsed.parts) if (part.kind === "path") this.#path(path, part.path, step);
  }

  /** @param step position of the step that the text belongs to; undefined: the DAG's own env */
  #path(at: YamlPath, path: DataPath, step: number | undefined): void {
    if (path.root === "params" && !Object.hasOwn(this.#spec.params, path.name)) {
      const near = this.#near(path.name, Object.keys(this.#spec.params));
      this.#report(at, "unknown_param", `unknown parameter "${path.name}"${near}`);
    }
    if (path.root === "steps") this.#output(at, path, step);
  }

  #isAncestor(id: string, step: number, { depends, indexOf }: DagGraph): boolean {
    const target = indexOf.get(id);
    return target !== undefined && reaches(step, target, depends);
  }

  #output(at: YamlPath, path: Extract<DataPath, { root: "steps" }>, step: number | undefined): void {
    const target = this.#byId.get(path.stepId);
    if (step === undefined) {
      return this.#report(
        at,
        "bad_expression",
        "the DAG's env may use params and run only: no step has ended yet",
      );
    }
    if (target === undefined) {
      const near = this.#near(path.stepId, this.#byId.keys());
      return this.#report(at, "unknown_step", `unknown step "${path.stepId}"${near}`);
    }
    if (this.#graph !== undefined && !this.#isAncestor(path.stepId, step, this.#graph)) {
      const message = `step "${path.stepId}" is not an ancestor: add it to \`depends\``;
      return this.#report(at, "not_an_ancestor", message);
    }
    const names = outputNames(target);
    if (names !== undefined && !names.includes(path.output)) {
      const declare = target.work.kind === "run" ? "; declare it under the step's `outputs`" : "";
      const near = this.#near(path.output, names);
      this.#report(
        at,
        "unknown_output",
        `step "${path.stepId}" has no output "${path.output}"${near || declare}`,
      );
    }
  }
}

/** Undefined: any name may come, such as from an agent whose schema lists no properties. */
function outputNames(step: StepSpec): readonly string[] | undefined {
  if (step.work.kind === "run") return step.outputs;
  const properties = step.work.outputSchema?.["properties"];
  if (step.work.outputSchema === undefined) return step.outputs;
  return properties !== null && typeof properties === "object" ? Object.keys(properties) : undefined;
}
