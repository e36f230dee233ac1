/** What a run and its child runs have to do with each other, for those who read or cancel it. */

import { type DagSpec, parseRunId, type Run, type RunDetail, type RunId } from "@haversack/protocol";
import { integer, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { childrenOf } from "../statements/child.ts";
import { runCancelsChildren } from "../statements/child-end.ts";
import type { VerbContext } from "../verb.ts";
import { outputsOf } from "./run-outputs.ts";

/** Of each step that is a run of its own, its newest one. @param range of steps: the first, and the one after the last */
export async function childRunsOf(
  context: VerbContext,
  run: Pick<Run, "id" | "dagDigest">,
  range: readonly [from: number, to: number],
): Promise<ReadonlyMap<number, RunId>> {
  const { hasChildren } = await context.dags.get(context.tx, run.dagDigest);
  const rows = hasChildren ? await context.tx.all(childrenOf, run.id, ...range) : [];
  return new Map(rows.map((row) => [integer(row, "parent_idx"), parseRunId(text(row, "id"))]));
}

/** What it gives, once it has succeeded. */
export async function outputsOfRead(
  context: VerbContext,
  run: Run,
  spec: DagSpec,
): Promise<Pick<RunDetail, "outputs">> {
  if (run.status !== "succeeded" || spec.outputs === undefined) return {};
  const made = await outputsOf(context, await context.runs.get(run.id));
  return made.ok ? { outputs: made.outputs } : {};
}

/** What the run has started is found by this, and cancelled, each under its own lock. */
export async function cancelChildren({ tx, dags, touched }: VerbContext, run: RunState): Promise<void> {
  if (!(await dags.get(tx, run.dagDigest)).hasChildren) return;
  await tx.run(runCancelsChildren, run.no);
  touched.children = true;
}
