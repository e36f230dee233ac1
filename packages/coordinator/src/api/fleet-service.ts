/** FleetService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { type Clock, FaultError, present } from "@haversack/base";
import {
  type FleetService,
  parseWorkerId,
  safeNumber,
  type WorkerInfo,
  workerToWire,
} from "@haversack/protocol";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Store } from "../store/store.ts";
import type { OrderAsked } from "../store/verbs/order-verbs.ts";
import { watchFleet } from "../watch/fleet.ts";
import { workerInfo } from "../watch/worker-info.ts";

export interface FleetParts {
  readonly store: Store;
  readonly registry: WorkerRegistry;
  readonly clock: Clock;
  /** Fires when the coordinator stops. */
  readonly stopping: AbortSignal;
}

const reasonMax = 500;
const deadlineMaxMs = 30 * 86_400_000;

export function fleetService(parts: FleetParts): ServiceImpl<typeof FleetService> {
  const { store, registry, clock, stopping } = parts;
  return {
    async listWorkers() {
      const workers = await store.read.workersList();
      return { workers: workers.map((worker) => workerToWire(workerInfo(worker, registry))) };
    },
    async *watchWorkers({ worker }, context) {
      const signal = AbortSignal.any([context.signal, stopping]);
      for await (const { workers, complete } of watchFleet({ store, registry, clock }, worker, signal)) {
        yield { workers: workers.map(workerToWire), complete };
      }
    },
    async cordonWorker({ worker, reason }) {
      return await give(parts, { kind: "cordon", worker: named(worker), reason: checked(reason) });
    },
    async uncordonWorker({ worker }) {
      return await give(parts, { kind: "open", worker: named(worker) });
    },
    async drainWorker({ worker, reason, deadlineMs }) {
      const ms = safeNumber(deadlineMs, "deadline_ms");
      if (ms > deadlineMaxMs) {
        throw new FaultError("invalid", "bad_deadline", "a drain has a deadline of at most 30 days");
      }
      const until = ms === 0 ? undefined : clock.now() + ms;
      return await give(parts, { kind: "drain", worker: named(worker), reason: checked(reason), until });
    },
  };
}

type OrderGiven = OrderAsked extends infer Asked
  ? Asked extends unknown
    ? Omit<Asked, "now">
    : never
  : never;

/** Stores what is wanted of the worker, then tells it, if it is connected here; elsewhere its heartbeat tells it. */
async function give({ store, registry, clock }: FleetParts, asked: OrderGiven) {
  const id = await store.write.workerOrder({ ...asked, now: clock.now() });
  const all = await store.read.workersList();
  const stored = present(
    all.find((worker) => worker.id === id),
    "the worker that was told",
  );
  registry.get(parseWorkerId(id))?.order(stored.order, clock.now());
  const info: WorkerInfo = workerInfo(stored, registry);
  return { worker: workerToWire(info) };
}

function named(worker: string): string {
  if (worker !== "") return worker;
  throw new FaultError("invalid", "no_worker_named", "worker: the id or the name of a worker is required");
}

function checked(reason: string): string {
  if (reason.length <= reasonMax) return reason;
  throw new FaultError("invalid", "bad_reason", `a reason has at most ${reasonMax} characters`);
}
