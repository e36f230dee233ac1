/** A worker as people see it: what the store remembers, and what only its coordinator knows. */

import type { WorkerInfo } from "@haversack/protocol";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { StoredWorker } from "../store/verbs/worker-verbs.ts";

export function workerInfo({ order, labels, ...worker }: StoredWorker, registry: WorkerRegistry): WorkerInfo {
  const link = registry.get(worker.id);
  return {
    ...worker,
    labels: new Map(Object.entries(labels)),
    connected: link !== undefined,
    availability: availabilityOf(order, worker.slotsUsed),
    ...(order.cordonedAt === undefined ? {} : { cordonedAt: order.cordonedAt }),
    ...(order.reason === "" ? {} : { cordonReason: order.reason }),
    ...(order.drainUntil === undefined ? {} : { drainDeadline: order.drainUntil }),
    ...(link?.isStopping === true ? { stopping: true } : {}),
  };
}

function availabilityOf(order: StoredWorker["order"], slotsUsed: number): WorkerInfo["availability"] {
  if (order.cordonedAt === undefined) return "open";
  if (!order.draining) return "cordoned";
  return slotsUsed === 0 ? "drained" : "draining";
}
