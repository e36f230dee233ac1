/** What a run gives to whoever started it. */

import { pathsOf } from "../../runs/expressions.ts";
import { type RunOutputs, runOutputs } from "../../runs/run-outputs.ts";
import type { RunState } from "../run-states.ts";
import type { VerbContext } from "../verb.ts";
import { RunFacts } from "./expression-data.ts";

/** What a run's DAG says that the run gives; nothing before it has succeeded. */
export async function outputsOf(context: VerbContext, run: RunState): Promise<RunOutputs> {
  const { spec } = await context.dags.get(context.tx, run.dagDigest);
  if (run.status !== "succeeded" || spec.outputs === undefined) return { ok: true, outputs: {} };
  const paths = Object.values(spec.outputs).flatMap(pathsOf);
  return runOutputs(spec.outputs, await new RunFacts(context, run).about(paths));
}
