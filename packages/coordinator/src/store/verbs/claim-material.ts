/** What the claim of a step reads for its task: its DAG's words, and what the steps before it made. */

import { present } from "@haversack/base";
import {
  type Artifact,
  type DagSpec,
  itemAt,
  itemRange,
  type JsonValue,
  type StepId,
  type StepSpec,
  stepAt,
} from "@haversack/protocol";
import type { TemplateData } from "../../runs/expression-value.ts";
import { ancestorsInOrder } from "../../runs/graph.ts";
import type { CachedDag } from "../dag-cache.ts";
import { integer } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { artifactsOfStep } from "../statements/artifact.ts";
import { artifactsOfItems } from "../statements/item.ts";
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

  /** @param item JSON: what the item is for */
  async of(run: RunState, index: number, item?: string): Promise<Material & { readonly stepId: StepId }> {
    const { tx, dags } = this.#context;
    const dag = await dags.get(tx, run.dagDigest);
    const spec = present(stepAt(dag.spec, index), `step ${index} of the DAG`);
    const stepId = present(dag.idAt(index), `step ${index} of the DAG`);
    const facts = await this.#factsOf(run).about(dag.pathsOf(index));
    const data = item === undefined ? facts : { ...facts, item: itemData(dag.spec, index, item) };
    const { name: dagName, env: dagEnv } = dag.spec;
    return { stepId, dagName, dagEnv, spec, data, artifacts: await this.#inputs(run, dag, index) };
  }

  #factsOf(run: RunState): RunFacts {
    const known = this.#facts.get(run) ?? new RunFacts(this.#context, run);
    this.#facts.set(run, known);
    return known;
  }

  async #inputs(run: RunState, { spec, graph }: CachedDag, place: number): Promise<Artifact[]> {
    const index = itemAt(spec, place)?.group ?? place;
    const step = stepAt(spec, index);
    if (step === undefined || step.inputs.length === 0) return [];
    const isHandler = step.handler !== undefined;
    const artifacts: Artifact[] = [];
    for (const ancestor of isHandler ? spec.steps.keys() : ancestorsInOrder(index, graph.depends)) {
      if (spec.steps[ancestor]?.foreach !== undefined) {
        artifacts.push(...(await this.#ofItems(run, spec, ancestor)));
        continue;
      }
      const rows = await this.#context.tx.all(artifactsOfStep, run.no, ancestor);
      artifacts.push(...rows.map(artifactOfRow));
    }
    return artifacts;
  }

  /** Each under its own index, so that files of one name do not meet. */
  async #ofItems(run: RunState, spec: DagSpec, group: number): Promise<Artifact[]> {
    const [from, to] = itemRange(spec, group);
    const rows = await this.#context.tx.all(artifactsOfItems, run.no, from, to);
    return rows.map((row) => {
      const artifact = artifactOfRow(row);
      return { ...artifact, path: `${spec.steps[group]?.id}/${integer(row, "idx") - from}/${artifact.path}` };
    });
  }
}

/** @param item JSON: what the item is for */
export function itemData(spec: DagSpec, index: number, item: string): NonNullable<TemplateData["item"]> {
  const place = present(itemAt(spec, index), "the place of an item");
  return { index: place.item, value: JSON.parse(item) as JsonValue };
}
