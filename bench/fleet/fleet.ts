/**
 * A thousand workers on one coordinator: what they cost when nothing happens, how soon a step is at one of them, how they come
 * back after the coordinator was gone, how soon a cancel reaches one. A real coordinator process, and the product's own
 * sessions in a few other processes; their steps are no processes.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, BenchOptions, Report } from "../bench.ts";
import { placesFor } from "../dispatch/store-places.ts";
import { herd } from "./herd.ts";
import { sharedNow } from "./messages.ts";
import { joinedWorkers, requireFiles } from "./prepare.ts";
import { burst, cancel, connect, idle, latency, release } from "./rounds.ts";
import { startFleet } from "./worker-processes.ts";
import { Coordinated, rest, type World } from "./world.ts";

const full = {
  workers: 1000,
  processes: 4,
  idle: { settleMs: 10_000, ms: 60_000 },
  latency: { runs: 300, everyMs: 100 },
  cancel: { runs: 200, everyMs: 50 },
  herd: { afterMs: 12_000 },
};
const quickly: typeof full = {
  workers: 20,
  processes: 2,
  idle: { settleMs: 100, ms: 1000 },
  latency: { runs: 5, everyMs: 10 },
  cancel: { runs: 5, everyMs: 10 },
  herd: { afterMs: 100 },
};

export const fleet: Bench = {
  name: "fleet",
  description: "a thousand workers: idle cost, dispatch and cancel latency, the herd after a restart",
  async run(report, options) {
    const newPlace = placesFor(options.store);
    const { workers } = options.quick ? quickly : full;
    await requireFiles(workers);
    const folder = await mkdtemp(join(tmpdir(), "haversack-bench-"));
    try {
      await using place = await newPlace(folder);
      const known = await joinedWorkers(place, workers);
      await using coordinator = await Coordinated.start(place, options.signal);
      await measure(coordinator, known, report, options);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

async function measure(
  coordinator: Coordinated,
  known: Awaited<ReturnType<typeof joinedWorkers>>,
  report: Report,
  { quick, signal }: BenchOptions,
): Promise<void> {
  const settings = quick ? quickly : full;
  const since = sharedNow();
  await using fleet = startFleet(coordinator.url, known, settings.processes, signal);
  const client = coordinator.client();
  const world: World = {
    fleet,
    coordinator,
    client,
    signal,
    say: (on, metric, value, unit) => report.measured({ case: on, metric, value, unit }),
    doing: (what) => report.doing(what),
  };
  try {
    await connect(world, since);
    await idle(world, settings.idle);
    await latency(world, settings.latency);
    await burst(world);
    await rest(world, settings.herd.afterMs);
    await herd(world, "SIGKILL", settings.herd);
    await herd(world, "SIGTERM", settings.herd);
    await release(world);
    await cancel(world, settings.cancel);
  } finally {
    client.close();
  }
}
