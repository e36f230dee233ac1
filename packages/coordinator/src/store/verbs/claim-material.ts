/** What the claim of a step reads for its task: its DAG's words, and what the steps before it made. */

import { present } from "@haversack/base";
import { type Artifact, type DagSpec, type StepSpec, stepAt } from "@haversack/protocol";
import type { TemplateData } from "../../runs/expression-value.ts";
import { ancestorsInOrder } from "../../runs/graph.ts";
import type { CachedDag } from "../dag-cache.ts";
import type { RunState } from "../run-states.ts";
import { artifactsOfStep } from "../statements/artifact.ts";
import type { VerbContext } from "../verb.ts";
import { RunFacts } from "./expression-data.ts";
import { artifactOfRow } from "./run-verbs.ts";

export interface Material {
  readonly dagName: string;
  /** The DAG's own `env`. */
  readonly dagEnv: DagSpec["env"];
  readonly spec: StepSpec;
  /** What the step's templates name. */
  readonly data: TemplateData;
  /** Of all ancestors, nearest last, for the step's `inputs`; for a handler of all steps. */
  readonly artifacts: readonly Artifact[];
}

/** For claims of one transaction. */
export class Materials {
  readonly #context: VerbContext;
  readonly #facts = new Map<RunState, RunFacts>();

  constructor(context: VerbContext) {
    this.#context = context;
  }

  async of(run: RunState, index: number): Promise<Material> {
    const { tx, dags } = this.#context;
    const dag = await dags.get(tx, run.dagDigest);
    const spec = present(stepAt(dag.spec, index), `step ${index} of the DAG`);
    const data = await this.#factsOf(run).about(dag.pathsOf(index));
    const { name: dagName, env: dagEnv } = dag.spec;
    return { dagName, dagEnv, spec, data, artifacts: await this.#inputs(run, dag, index) };
  }

  #factsOf(run: RunState): RunFacts {
    const known = this.#facts.get(run) ?? new RunFacts(this.#context, run);
    this.#facts.set(run, known);
    return known;
  }

  async #inputs(run: RunState, { spec, graph }: CachedDag, index: number): Promise<Artifact[]> {
    const step = stepAt(spec, index);
    if (step === undefined || step.inputs.length === 0) return [];
    const isHandler = step.handler !== undefined;
    const artifacts: Artifact[] = [];
    for (const ancestor of isHandler ? spec.steps.keys() : ancestorsInOrder(index, graph.depends)) {
      const rows = await this.#context.tx.all(artifactsOfStep, run.no, ancestor);
      artifacts.push(...rows.map(artifactOfRow));
    }
    return artifacts;
  }
}
