/** One step of a run by its name, or one item of it, and what it left. */

import { FaultError } from "@haversack/base";
import { itemOfId, type RunId, type Step } from "@haversack/protocol";
import { noStep } from "../store/missing.ts";
import type { Store } from "../store/store.ts";

/** Rejects when the run has no such step; empty: any. */
export async function requireStep(
  store: Store,
  { runId, stepId }: { runId: RunId; stepId: string },
): Promise<void> {
  const { stepPhase } = await store.read.runProgress({ id: runId, stepId });
  if (stepId === "" || stepPhase !== undefined) return;
  throw noStep(runId, stepId);
}

/** Or the item. */
export async function stepNamed(store: Store, id: RunId, stepId: string): Promise<Step> {
  if (itemOfId(stepId) !== undefined) {
    const [item] = await store.read.itemsRead({ id, stepId, from: 0, limit: 1 });
    if (item !== undefined) return item.step;
  }
  const [step] = (await store.read.runRead({ id, steps: { named: stepId } })).steps;
  if (step === undefined) throw noStep(id, stepId);
  return step;
}

export function findArtifact(step: Step, path: string) {
  const artifact = step.artifacts.find((candidate) => candidate.path === path);
  if (artifact !== undefined) return artifact;
  const names = step.artifacts.map((candidate) => candidate.path).join(", ") || "none";
  throw new FaultError(
    "missing",
    "unknown_artifact",
    `step ${step.id} has no artifact ${path}; it has: ${names}`,
  );
}
