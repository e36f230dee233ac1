/**
 * The DAGs that can run because a DAG is submitted: its own local ones, those that `dag` steps and handlers name, and
 * so on, each once. The only part of the planner that waits, because it asks `resolveDag`. Nothing is evaluated: a step
 * that may run counts.
 */

import { didYouMean, messageOf } from "@haversack/base";
import { stepPlace } from "./layers.ts";
import type { DeferredDag, PlannableDag, PlannableStep, ResolveDag } from "./plannable.ts";
import type { Problem, ProblemCode } from "./problem.ts";

export interface WalkedDag {
  readonly dag: PlannableDag;
  readonly origin: string;
}

export interface WalkOutcome {
  /** In the order of discovery; the first is the DAG itself. */
  readonly dags: readonly WalkedDag[];
  /** Local DAGs that nothing calls: to be checked, not planned. */
  readonly uncalled: readonly PlannableDag[];
  readonly deferred: readonly DeferredDag[];
  readonly problems: readonly Problem[];
}

/** More than this is a resolver that invents names. */
const dagsMax = 256;

/** Never rejects: what the resolver throws becomes a problem with the chain of names that led to it. */
export async function walk(root: PlannableDag, resolveDag: ResolveDag | undefined): Promise<WalkOutcome> {
  const walker = new Walker(resolveDag);
  return walker.run(root);
}

interface Visit extends WalkedDag {
  readonly locals: ReadonlyMap<string, PlannableDag>;
  /** Names from the root to here. */
  readonly chain: readonly string[];
}

class Walker {
  readonly #resolveDag: ResolveDag | undefined;
  readonly #visits: Visit[] = [];
  readonly #seen = new Set<string>();
  readonly #deferred: DeferredDag[] = [];
  readonly #problems: Problem[] = [];

  constructor(resolveDag: ResolveDag | undefined) {
    this.#resolveDag = resolveDag;
  }

  async run(root: PlannableDag): Promise<WalkOutcome> {
    this.#visit(root, root.origin ?? "file", root.dags ?? new Map(), [root.name]);
    // The list grows while it is walked: a queue without recursion.
    for (const visit of this.#visits) {
      for (const step of stepsOf(visit.dag)) await this.#step(visit, step);
    }
    const called = new Set(this.#visits.map(({ dag }) => dag));
    const locals = this.#visits.flatMap((visit) => [...visit.locals.values()]);
    return {
      dags: this.#visits,
      uncalled: [...new Set(locals)].filter((dag) => !called.has(dag)),
      deferred: this.#deferred,
      problems: this.#problems,
    };
  }

  /** Recursion is legal: a DAG that is met again is planned already. */
  #visit(
    dag: PlannableDag,
    origin: string,
    locals: ReadonlyMap<string, PlannableDag>,
    chain: readonly string[],
  ): void {
    const key = JSON.stringify([origin, dag.name, dag.digest ?? ""]);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#visits.push({ dag, origin, locals, chain });
  }

  async #step(visit: Visit, step: PlannableStep): Promise<void> {
    const { dag: use } = step;
    if (use === undefined) return;
    if (use.dynamic && use.candidates === undefined) return this.#defer(visit, step, use.use, "dynamic name");
    const names = use.dynamic ? (use.candidates ?? []) : [use.use];
    for (const name of names) await this.#name(visit, step, name);
  }

  async #name(visit: Visit, step: PlannableStep, name: string): Promise<void> {
    const chain = [...visit.chain, name];
    const local = visit.locals.get(name);
    // A local DAG has no local DAGs of its own: it sees those of its file.
    if (local !== undefined) return this.#visit(local, `local ${visit.dag.file}`, visit.locals, chain);
    if (this.#resolveDag === undefined) return this.#defer(visit, step, name, "no DAG store");
    if (this.#visits.length >= dagsMax) {
      return this.#problem(
        visit,
        step,
        "dag_resolution_failed",
        `more than ${dagsMax} DAGs are reached (${path(chain)})`,
      );
    }
    try {
      const found = await this.#resolveDag(name);
      if (found !== undefined)
        return this.#visit(found, found.origin ?? "store", found.dags ?? new Map(), chain);
      const near = didYouMean(name, visit.locals.keys());
      this.#problem(
        visit,
        step,
        "unknown_dag",
        `there is no DAG "${name}" (reached by ${path(chain)})${near}`,
      );
    } catch (error) {
      const message = `the DAG "${name}" cannot be read (reached by ${path(chain)}): ${messageOf(error)}`;
      this.#problem(visit, step, "dag_resolution_failed", message);
    }
  }

  #defer(visit: Visit, step: PlannableStep, use: string, why: DeferredDag["why"]): void {
    this.#deferred.push({ dag: visit.dag.name, step: step.id, use, why });
  }

  #problem({ dag }: Visit, step: PlannableStep, code: ProblemCode, message: string): void {
    this.#problems.push({ ...stepPlace({ dag, step }, "dag.use"), code, message });
  }
}

export function stepsOf(dag: PlannableDag): readonly PlannableStep[] {
  return [...dag.steps, ...(dag.handlers ?? [])];
}

function path(chain: readonly string[]): string {
  return chain.join(" → ");
}
