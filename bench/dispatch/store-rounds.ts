/**
 * The store alone, without a network: the same verbs that the coordinator calls, as many at once as one transaction
 * takes. It is what the rest of the path can reach at best.
 */

import { createHash } from "node:crypto";
import { invariant, systemClock, systemRandom } from "@haversack/base";
import {
  type AttemptRef,
  type DagSpec,
  parseBootId,
  parseDigest,
  parseRunId,
  parseWorkerId,
  type RunId,
} from "@haversack/protocol";
import type { Store } from "../../packages/coordinator/src/store/store.ts";
import { median } from "../measure.ts";

const worker = { workerId: parseWorkerId("bench"), bootId: parseBootId("bench") };
/** Calls that are under way at once: as many as a database thread puts into one transaction. */
const atOnce = 256;
const digestOf = (text: string) => parseDigest(`sha256:${createHash("sha256").update(text).digest("hex")}`);

/** Steps side by side that are all ready. */
export async function queue(store: Store, runs: number, steps: number): Promise<RunId[]> {
  const dag = dagOf(steps);
  const ids: RunId[] = [];
  for (let run = 0; run < runs; run++) {
    const { runId } = await store.write.runSubmit({
      id: parseRunId(systemRandom.id()),
      dagDigest: digestOf(`${steps}`),
      dag,
      source: "",
      params: {},
      bodyDigest: digestOf("body"),
      now: systemClock.now(),
      steps: dag.steps.map(() => ({ labels: {} })),
      packs: [],
    });
    ids.push(runId);
  }
  return ids;
}

function dagOf(steps: number): DagSpec {
  const step = (index: number): DagSpec["steps"][number] => ({
    id: `s${index}`,
    depends: [],
    env: {},
    worker: {},
    retry: { limit: 0, backoff: "fixed", delayMs: 1000, maxDelayMs: 1000 },
    outputs: [],
    artifacts: [],
    inputs: [],
    onWorkerLost: "retry",
    work: { kind: "run", script: "true", shell: ["bash", "-euo", "pipefail"], workdir: "" },
  });
  return {
    name: "bench",
    params: {},
    env: {},
    steps: Array.from({ length: steps }, (_, index) => step(index)),
  };
}

/** Submits, claims, starts and finishes runs of so many steps. @returns milliseconds */
export async function wholePath(store: Store, runs: number, steps: number): Promise<number> {
  const from = systemClock.monotonic();
  const ids = await queue(store, runs, steps);
  const places = ids.flatMap((runId) => Array.from({ length: steps }, (_, index) => ({ runId, index })));
  for (let at = 0; at < places.length; at += atOnce) {
    const refs = await claim(store, places.slice(at, at + atOnce));
    await store.write.attemptsStart({ refs, workerId: worker.workerId, now: systemClock.now() });
    await finish(store, refs);
  }
  return systemClock.monotonic() - from;
}

/** Lists and claims so many of what is ready, again and again. @returns milliseconds of one such batch, the median */
export async function claimBatches(store: Store, count: number, batches: number): Promise<number> {
  const times: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const from = systemClock.monotonic();
    const { steps } = await store.read.stepsListReady({ now: systemClock.now(), limit: count });
    const refs = await claim(store, steps);
    times.push(systemClock.monotonic() - from);
    // They count as queued again for the next batch.
    await finish(store, refs, "returned");
  }
  return median(times);
}

async function claim(
  store: Store,
  places: readonly { readonly runId: RunId; readonly index: number }[],
): Promise<AttemptRef[]> {
  const now = systemClock.now();
  const claims = places.map(({ runId, index }) => ({ runId, index, ...worker }));
  const lease = { leaseUntil: now + 3_600_000, now, generation: store.generation };
  const claimed = await store.write.stepsTake({ claims, ...lease });
  invariant(claimed.length === places.length, "what is ready can be claimed");
  return claimed.map(({ runId, stepId, attempt, generation }) => ({ runId, stepId, attempt, generation }));
}

async function finish(
  store: Store,
  refs: readonly AttemptRef[],
  outcome: "succeeded" | "returned" = "succeeded",
): Promise<void> {
  const results = refs.map((ref) => ({
    result: { ref, outcome, outputs: new Map(), artifacts: [], logs: [] },
    resultDigest: "bench",
  }));
  await store.write.attemptsFinish({ results, workerId: worker.workerId, now: systemClock.now() });
}
