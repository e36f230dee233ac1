/** The fleet as a stream: everybody first, then whoever changed. */

import { type Clock, FaultError, pause } from "@haversack/base";
import type { WorkerChanges, WorkerInfo } from "@haversack/protocol";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Store } from "../store/store.ts";
import { workerInfo } from "./worker-info.ts";

/** Between two looks: attempts begin and end far more often than anybody can read. */
const lookMs = 1000;

export interface FleetWatch {
  readonly store: Store;
  readonly registry: WorkerRegistry;
  readonly clock: Clock;
}

/**
 * Ends with the signal.
 * @param only the id or the name of one; empty: all
 */
export async function* watchFleet(
  { store, registry, clock }: FleetWatch,
  only: string,
  signal: AbortSignal,
): AsyncIterable<WorkerChanges> {
  const told = new Map<string, string>();
  let complete = true;
  while (!signal.aborted) {
    const all = (await store.read.workersList()).map((worker) => workerInfo(worker, registry));
    const asked = only === "" ? all : all.filter(({ id, name }) => id === only || name === only);
    if (complete && only !== "" && asked.length === 0) {
      throw new FaultError("missing", "unknown_worker", `no worker is called ${JSON.stringify(only)}`);
    }
    const workers = asked.filter((worker) => told.get(worker.id) !== pictureOf(worker));
    for (const worker of workers) told.set(worker.id, pictureOf(worker));
    if (complete || workers.length > 0) yield { workers, complete };
    complete = false;
    await pause(clock, lookMs, signal).catch(() => {});
  }
}

/** All but the time at which it was heard last, which changes with each heartbeat. */
const pictureOf = (worker: WorkerInfo): string =>
  JSON.stringify([{ ...worker, lastSeenAt: 0 }, [...worker.labels]]);
