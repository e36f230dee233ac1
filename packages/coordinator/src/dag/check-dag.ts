/** What a DAG file means, checked before it is accepted: names, cycles, expressions. All problems at once. */

import { didYouMean, pathProblem } from "@haversack/base";
import { type AgentSpec, type DagSpec, type Problem, type StepSpec } from "@haversack/protocol";
import { hasExpression } from "../runs/expressions.ts";
import { type DagGraph, findCycle, graphOf } from "../runs/graph.ts";
import { textsIn } from "../runs/json-texts.ts";
import { textsOfTest } from "../runs/selector.ts";
import { checkChild } from "./check-child.ts";
import { checkDeploy } from "./check-deploy.ts";
import { ExpressionChecker, type Place, type Reporter } from "./check-expressions.ts";
import { checkForeach, itemArtifacts, itemInputProblem, noItemInIf } from "./check-foreach.ts";
import { agentServerEnv, isForbiddenEnv } from "./dotenv.ts";
import { type Placed, placesOf } from "./places.ts";
import type { YamlPath, YamlSource } from "./yaml-source.ts";
import { fieldOf } from "./yaml-source.ts";

const edgesMax = 500_000;
/** Problems that are told one by one; a file with more of them has one cause, or means no good. */
export const problemsMax = 100;
/** Problems that come with a "did you mean": looking for one costs a look at every name. */
const guessesMax = 20;

const noExpressionInPack =
  "expressions are not allowed here: what an agent is given is packed when the run is submitted; an expression may stand in its prompt and in env";

export class DagChecker {
  readonly problems: Problem[] = [];
  #found = 0;
  readonly #source: YamlSource;
  readonly #spec: DagSpec;
  readonly #places: readonly Placed<StepSpec>[];
  readonly #byId: ReadonlyMap<string, StepSpec>;
  readonly #expressions: ExpressionChecker;
  readonly #reporter: Reporter;
  readonly #itemArtifacts: ReadonlySet<string>;
  /** Absent when it is not sound. */
  #graph: DagGraph | undefined;

  constructor(source: YamlSource, spec: DagSpec) {
    this.#source = source;
    this.#spec = spec;
    this.#places = placesOf(spec);
    this.#byId = new Map(spec.steps.map((step) => [step.id, step]));
    this.#itemArtifacts = itemArtifacts(spec);
    this.#reporter = {
      problem: (path, code, message) => this.#report(path, code, message),
      near: (name, known) => this.#near(name, known),
    };
    this.#expressions = new ExpressionChecker(spec, this.#byId, this.#reporter);
  }

  check(): readonly Problem[] {
    this.#checkGraph();
    this.#env(["env"], this.#spec.env, { of: "dag" });
    const { concurrency } = this.#spec;
    if (concurrency !== undefined) {
      this.#expressions.template(["concurrency"], concurrency.key, { of: "label" });
    }
    for (const [label, value] of Object.entries(this.#spec.labels ?? {}))
      this.#expressions.template(["labels", label], value, { of: "label" });
    for (const { step, path } of this.#places) this.#step(path, step);
    for (const [name, text] of Object.entries(this.#spec.outputs ?? {}))
      this.#expressions.template(["outputs", name], text, { of: "handler" });
    this.#expressions.end();
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
    for (const { step, path } of this.#places) {
      if (seen.has(step.id)) this.#report([...path, "id"], "duplicate_step", `a second step "${step.id}"`);
      seen.add(step.id);
    }
    for (const [index, step] of this.#spec.steps.entries()) {
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
      return this.#expressions.know(graph);
    }
    const path = ["steps", cycle[0] ?? 0, "depends"];
    this.#report(path, "cycle", `the steps wait for each other: ${cycle.map(idOf).join(" → ")}`);
  }

  #step(at: Placed<StepSpec>["path"], step: StepSpec): void {
    const { foreach: item } = step;
    const own = at[0] === "steps" ? ({ of: "step", index: at[1] } as const) : ({ of: "handler" } as const);
    const place = item === undefined ? own : { ...own, item };
    this.#env([...at, "env"], step.env, place);
    this.#placement(at, step);
    if (step.condition !== undefined) {
      const once = item === undefined ? own : { ...own, item: noItemInIf };
      this.#expressions.condition([...at, "if"], step.condition, once);
    }
    const template = this.#expressions.template.bind(this.#expressions);
    checkForeach(step, { at, place: own, report: this.#reporter, template });
    for (const key of ["artifacts", "inputs"] as const) {
      for (const [place, path] of step[key].entries()) this.#file([...at, key, place], path);
    }
    for (const [place, path] of step.inputs.entries()) this.#itemInput([...at, "inputs", place], step, path);
    if (step.work.kind === "run") this.#command(at, step.work);
    else if (step.work.kind === "human")
      this.#expressions.template([...at, "human", "prompt"], step.work.prompt, place);
    else if (step.work.kind === "dag") {
      checkChild(step.work, {
        dag: this.#spec,
        at,
        problem: (path, code, message) => this.#report(path, code, message),
        template: (path, text) => this.#expressions.template(path, text, place),
      });
    } else if (step.work.kind === "deploy") {
      checkDeploy(step.work, {
        at: [...at, "deploy"],
        problem: (path, code, message) => this.#report(path, code, message),
        template: (path, text) => this.#expressions.template(path, text, place),
        early: (path, text) =>
          this.#expressions.template(path, text, { of: "label", ...(item === undefined ? {} : { item }) }),
        hasItems: item !== undefined,
        env: (path, env) => this.#env(path, env, place, agentServerEnv),
      });
    } else this.#agent(at, step.work, place);
  }

  #itemInput(at: YamlPath, step: StepSpec, path: string): void {
    if (this.#graph === undefined || !this.#itemArtifacts.has(path)) return;
    const problem = itemInputProblem(this.#spec, this.#graph, step, path);
    if (problem !== undefined) this.#report(at, "item_artifact", problem);
  }

  #agent(at: YamlPath, { prompt, settings }: AgentSpec, place: Place): void {
    this.#expressions.template([...at, "agent", "prompt"], prompt, place);
    for (const { text, path } of textsIn(settings)) {
      if (hasExpression(text))
        this.#report([...at, "agent", ...path], "expression_in_pack", noExpressionInPack);
    }
  }

  /** What decides who may run the step, and when: known at submission. */
  #placement(at: YamlPath, { worker, concurrency = [], foreach: item }: StepSpec): void {
    const early = { of: "label" } as const;
    const ofWorker = item === undefined ? early : { ...early, item };
    for (const [label, test] of Object.entries(worker)) {
      for (const text of textsOfTest(test)) {
        this.#expressions.template([...at, "worker", label], text, ofWorker);
      }
    }
    const seen = new Set<string>();
    for (const [index, limit] of concurrency.entries()) {
      const path = [...at, "concurrency", ...(concurrency.length > 1 ? [index] : [])];
      const name = "pool" in limit ? `pool ${limit.pool}` : `key ${limit.key}`;
      if ("key" in limit) this.#expressions.template(path, limit.key, early);
      if (seen.has(name)) this.#report(path, "duplicate_limit", `${name} is listed twice`);
      seen.add(name);
    }
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

  #env(
    path: YamlPath,
    env: Readonly<Record<string, string>>,
    place: Place,
    allowed: ReadonlySet<string> = new Set(),
  ): void {
    for (const [name, value] of Object.entries(env)) {
      if (isForbiddenEnv(name) && !allowed.has(name)) {
        this.#report(
          [...path, name],
          "forbidden_env",
          `${name} is reserved or decides what programs load; use another name`,
        );
      }
      if (value.includes("\0")) this.#report([...path, name], "bad_env", "contains a NUL character");
      this.#expressions.template([...path, name], value, place);
    }
  }
}
