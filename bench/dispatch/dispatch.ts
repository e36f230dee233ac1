/**
 * What it costs to hand out a step: a real coordinator process on a store at full durability, and over
 * loopback a worker's end that does nothing but the protocol. In the path: submission with all its checks, the store's
 * commits, placement, claims, tasks and results on the session's stream. Not in the path: what a step does on its worker.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Store } from "../../packages/coordinator/src/store/store.ts";
import type { Bench, BenchOptions, Report } from "../bench.ts";
import { quantile } from "../measure.ts";
import { runProgram } from "../programs.ts";
import { startCoordinator } from "./coordinator-process.ts";
import type { Load, RoundsAsked, RoundsDone } from "./rounds.ts";
import { placesFor, type StorePlace } from "./store-places.ts";
import { claimBatches, queue, wholePath } from "./store-rounds.ts";

const workerEnd = fileURLToPath(import.meta.resolve("./worker-end.ts"));

const full = {
  runs: 40,
  steps: 500,
  // A chain waits for three commits a step: the longest one would take as long as all the rest.
  shapes: {
    "fan-out": [100, 1000, 10_000, 100_000],
    chain: [100, 1000, 10_000],
    diamond: [100, 1000, 10_000, 100_000],
  },
  idleRuns: 300,
  steady: { perSecond: 1000, seconds: 10 },
  queued: [
    { name: "1k", runs: 1, steps: 1000 },
    { name: "1m", runs: 100, steps: 10_000 },
  ],
  memory: { runs: 20, steps: 10_000 },
  batches: 30,
};
const quickly: typeof full = {
  runs: 2,
  steps: 20,
  shapes: { "fan-out": [10], chain: [10], diamond: [10] },
  idleRuns: 3,
  steady: { perSecond: 100, seconds: 0.1 },
  queued: [
    { name: "1k", runs: 1, steps: 200 },
    { name: "1m", runs: 2, steps: 200 },
  ],
  memory: { runs: 1, steps: 100 },
  batches: 2,
};
/** Steps that are listed and claimed together. */
const claimed = 100;

export const dispatch: Bench = {
  name: "dispatch",
  description:
    "durable steps a second, latency, cost by shape and by length of the queue, beside the store alone",
  async run(report, options) {
    const newPlace = placesFor(options.store);
    const folder = await mkdtemp(join(tmpdir(), "haversack-bench-"));
    const place = () => newPlace(folder);
    try {
      await measurePath(place, report, options);
      await measureQueue(place, report, options);
      await measureMemory(place, report, options);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

async function measurePath(
  newPlace: () => Promise<StorePlace>,
  report: Report,
  { quick, signal }: BenchOptions,
): Promise<void> {
  const { runs, steps, shapes: sizes, idleRuns, steady } = quick ? quickly : full;
  report.doing("the store alone");
  const storeMs = await withStore(newPlace, async (store) => {
    await wholePath(store, 1, steps);
    return await wholePath(store, runs, steps);
  });
  report.doing("submissions, tasks and results between two processes");
  await using place = await newPlace();
  await using coordinator = await startCoordinator(place, signal);
  const warmUp: Load = { shape: "fan-out", runs: 2, steps };
  const shapes = (["fan-out", "chain", "diamond"] as const).flatMap((shape) =>
    sizes[shape].map((steps): Load => ({ shape, runs: 1, steps })),
  );
  const loads: Load[] = [warmUp, { shape: "fan-out", runs, steps }, ...shapes];
  const asked: RoundsAsked = { ...coordinator.address, loads, idleRuns, steady };
  const { loadMs, idleMs, steadyMs } = await runProgram<RoundsDone>(
    workerEnd,
    [JSON.stringify(asked)],
    signal,
  );
  const say = (on: string, metric: string, value: number, unit: string): void =>
    report.measured({ case: on, metric, value, unit });
  const count = runs * steps;
  const [, pathMs = Number.NaN, ...shapeMs] = loadMs;
  const on = `${runs} runs of ${steps} steps`;
  say(on, "durable_tasks_per_s", count / (pathMs / 1000), "tasks/s");
  say(on, "raw_store_tasks_per_s", count / (storeMs / 1000), "tasks/s");
  say(on, "durable_over_raw_store", storeMs / pathMs, "x");
  say("idle", "idle_submit_to_start_p50_ms", quantile(idleMs, 0.5), "ms");
  say("idle", "idle_submit_to_start_p99_ms", quantile(idleMs, 0.99), "ms");
  say(`${steady.perSecond} tasks/s`, "steady_submit_to_start_p50_ms", quantile(steadyMs, 0.5), "ms");
  say(`${steady.perSecond} tasks/s`, "steady_submit_to_start_p99_ms", quantile(steadyMs, 0.99), "ms");
  for (const [index, { shape, steps }] of shapes.entries()) {
    say(`${shape} of ${steps}`, "ms_per_step", (shapeMs[index] ?? Number.NaN) / steps, "ms");
  }
}

/** How much longer it takes to find and claim what is ready when a thousand times as much is. */
async function measureQueue(
  newPlace: () => Promise<StorePlace>,
  report: Report,
  { quick, signal }: BenchOptions,
): Promise<void> {
  const { queued, batches } = quick ? quickly : full;
  const times: number[] = [];
  for (const { name, runs, steps } of queued) {
    report.doing(`claims with ${runs * steps} queued steps`);
    signal.throwIfAborted();
    const ms = await withStore(newPlace, async (store) => {
      await queue(store, runs, steps);
      return await claimBatches(store, claimed, batches);
    });
    times.push(ms);
    report.measured({ case: "queue", metric: `claim_ms_at_${name}`, value: ms, unit: "ms" });
  }
  const [few = Number.NaN, many = Number.NaN] = times;
  report.measured({ case: "queue", metric: "claim_1m_over_1k", value: many / few, unit: "x" });
}

/** Of the coordinator's process, for each step that waits while no worker is there. */
async function measureMemory(
  newPlace: () => Promise<StorePlace>,
  report: Report,
  { quick, signal }: BenchOptions,
): Promise<void> {
  const { runs, steps } = (quick ? quickly : full).memory;
  report.doing("memory of queued steps");
  await using place = await newPlace();
  const residentBytes = async (): Promise<number> => {
    await using coordinator = await startCoordinator(place, signal);
    return await coordinator.residentBytes();
  };
  const empty = await residentBytes();
  {
    await using store = await place.open();
    await queue(store, runs, steps);
  }
  const bytes = Math.max(0, (await residentBytes()) - empty) / (runs * steps);
  report.measured({ case: "memory", metric: "coordinator_bytes_per_queued_step", value: bytes, unit: "B" });
}

async function withStore<T>(
  newPlace: () => Promise<StorePlace>,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  await using place = await newPlace();
  await using store = await place.open();
  return await use(store);
}
