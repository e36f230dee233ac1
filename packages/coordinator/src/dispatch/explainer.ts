/** What steps wait for, as the store and the fleet are now. */

import type { Clock } from "@haversack/base";
import type { RunId, StepExplanation, WaitReason } from "@haversack/protocol";
import { useText } from "../runs/limits.ts";
import { testText } from "../runs/selector.ts";
import { noStep } from "../store/missing.ts";
import type { Store } from "../store/store.ts";
import { waitReasons } from "./why.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

/** Steps of one run that are explained; whoever has more of them waiting needs no further one. */
const explainedMax = 200;

export interface ExplainParts {
  readonly store: Store;
  readonly registry: WorkerRegistry;
  readonly clock: Clock;
}

/** By position, of steps that have not started; a step that is about to start has no reason. */
export async function whyWaiting(
  { store, registry, clock }: ExplainParts,
  runId: RunId,
): Promise<ReadonlyMap<number, readonly WaitReason[]>> {
  const facts = await store.read.stepsWhy({ runId, limit: explainedMax });
  const workers = registry.view();
  const now = clock.now();
  return new Map([...facts].map(([index, each]) => [index, waitReasons(each, workers, now)]));
}

/** Rejects when the run has no such step. */
export async function explainStep(
  { store, registry, clock }: ExplainParts,
  runId: RunId,
  stepId: string,
): Promise<StepExplanation> {
  const [facts] = (await store.read.stepsWhy({ runId, stepId, limit: 1 })).values();
  if (facts === undefined) throw noStep(runId, stepId);
  const { phase, queue } = facts;
  return {
    phase,
    reasons: waitReasons(facts, registry.view(), clock.now()),
    priority: queue.priority,
    worker: Object.entries(queue.selector).map(([label, test]) => testText(label, test)),
    limits: queue.limits.map(useText),
  };
}
