/** What the claim of a step reads for its task: its DAG's words, and what the steps before it made. */

import { present } from "@haversack/base";
import {
  type Artifact,
  type DagSpec,
  type Digest,
  type RunId,
  type StepSpec,
  stepAt,
} from "@haversack/protocol";
import type { TemplateData } from "../../runs/expression-value.ts";
import { pathsOf } from "../../runs/expressions.ts";
import { ancestorsInOrder } from "../../runs/graph.ts";
import { templatesOf } from "../../runs/templates.ts";
import { artifactsOfStep } from "../statements/step.ts";
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

export async function materialOf(
  context: VerbContext,
  { runId, index }: { readonly runId: RunId; readonly index: number },
  dagDigest: Digest,
): Promise<Material> {
  const { tx, dags } = context;
  const { spec, graph } = await dags.get(tx, dagDigest);
  const step = present(stepAt(spec, index), `step ${index} of the DAG`);
  const data = await new RunFacts(context, runId).about(templatesOf(spec, step).flatMap(pathsOf));
  const artifacts: Artifact[] = [];
  if (step.inputs.length > 0) {
    const isHandler = step.handler !== undefined;
    for (const ancestor of isHandler ? spec.steps.keys() : ancestorsInOrder(index, graph.depends)) {
      artifacts.push(...(await tx.all(artifactsOfStep, runId, ancestor)).map(artifactOfRow));
    }
  }
  return { dagName: spec.name, dagEnv: spec.env, spec: step, data, artifacts };
}
