/** Steps with keys and pools, as a dispatcher claims them: by queue, several at once. */

import { systemRandom } from "@haversack/base";
import {
  type AttemptRef,
  type DagSpec,
  parseRunId,
  type RunConcurrency,
  type RunId,
} from "@haversack/protocol";
import type { StepSubmission } from "../../../packages/coordinator/src/store/verbs/new-steps.ts";
import { digestOf } from "../../../packages/coordinator/src/testing/packs.ts";
import { dag, step, ttlMs, World } from "./store-world.ts";

export const wide = (count: number): DagSpec =>
  dag(...Array.from({ length: count }, (_, index) => step(`s${index}`)));

type Placing = Pick<StepSubmission, "limits" | "priority"> & { readonly labels?: StepSubmission["labels"] };

export class PlacementWorld extends World {
  /** @param steps by position; the last counts for those behind it */
  async submitPlaced(spec: DagSpec, ...steps: readonly Placing[]): Promise<RunId> {
    return await this.#submit(spec, steps, undefined);
  }

  async submitKeyed(spec: DagSpec, concurrency: Partial<RunConcurrency> = {}): Promise<RunId> {
    return await this.#submit(spec, [{}], { key: "k", limit: 1, onConflict: "queue", ...concurrency });
  }

  /** What is ready, from a place on, claimed as a dispatcher does it. @returns what was had */
  async claimReady(count = 100, workerName = "w", from = 0): Promise<AttemptRef[]> {
    const { queues } = await this.store.read.queuesLook({ after: 0, limit: 1000 });
    const steps = await this.store.read.stepsHead({
      counts: new Map(queues.map(({ no }) => [no, from + count])),
    });
    const { id: workerId, bootId } = this.worker(workerName);
    const claims = steps.slice(from, from + count).map(({ runId, index, gated, queue }) => {
      return { runId, index, workerId, bootId, ...(gated ? { queue } : {}) };
    });
    const { store, now } = this;
    const lease = { generation: store.generation, leaseUntil: now + ttlMs, now };
    const claimed = await store.write.stepsTake({ claims, ...lease });
    return claimed.map(({ runId, stepId, attempt, generation }) => ({ runId, stepId, attempt, generation }));
  }

  async rooms(): Promise<(number | undefined)[]> {
    const { queues } = await this.store.read.queuesLook({ after: 0, limit: 1000 });
    return queues.map(({ room }) => room);
  }

  async admit() {
    const { cancel, held } = await this.store.write.runsAdmit({ now: this.now, after: 0, limit: 100 });
    for (const id of cancel) await this.store.write.runCancel({ id, now: this.now });
    return { cancel, held };
  }

  /** Those that may start, of these runs. */
  async startable(...runs: readonly RunId[]): Promise<boolean[]> {
    const all = await Promise.all(runs.map((id) => this.store.read.runRead({ id })));
    return all.map(({ steps }) => steps.some(({ phase }) => phase === "ready"));
  }

  async #submit(
    spec: DagSpec,
    steps: readonly Placing[],
    concurrency: RunConcurrency | undefined,
  ): Promise<RunId> {
    const { runId } = await this.store.write.runSubmit({
      id: parseRunId(systemRandom.id()),
      dagDigest: digestOf(JSON.stringify(spec)),
      dag: spec,
      source: "",
      params: {},
      bodyDigest: digestOf("body"),
      now: this.now,
      steps: spec.steps.map((_, index) => ({ labels: {}, ...(steps[index] ?? steps.at(-1)) })),
      packs: [],
      ...(concurrency === undefined ? {} : { concurrency }),
    });
    return runId;
  }
}
