/** Workers, why a step waits, and the pools that steps share, as a client uses them. */

import type { Client } from "@connectrpc/connect";
import { each, once } from "./calls.ts";
import type { PoolInfo, StepExplanation } from "./model/explanation.ts";
import type { WorkerChanges, WorkerInfo } from "./model/worker-info.ts";
import type { FleetService, PlacementService } from "./services.ts";
import { required } from "./wire/fields.ts";
import { explanationFromWire, poolFromWire } from "./wire/placement-wire.ts";
import { workerFromWire } from "./wire/worker-wire.ts";

/** Every method rejects with a FaultError. */
export interface PlacementClient extends FleetClient {
  /** Why a step has not started. */
  explain(runId: string, stepId: string, signal: AbortSignal): Promise<StepExplanation>;
  /** By name. */
  pools(signal: AbortSignal): Promise<readonly PoolInfo[]>;
  /** @param limit units; 0 lets nothing start */
  setPool(name: string, limit: number, signal: AbortSignal): Promise<{ pool: PoolInfo; created: boolean }>;
  deletePool(name: string, signal: AbortSignal): Promise<void>;
}

export function placementClient(
  client: Client<typeof PlacementService>,
  fleet: Client<typeof FleetService>,
): PlacementClient {
  return {
    ...fleetClient(fleet),
    async explain(runId, stepId, signal) {
      return explanationFromWire(await once(client.explain({ runId, stepId }, { signal }), signal));
    },
    async pools(signal) {
      return (await once(client.listPools({}, { signal }), signal)).pools.map(poolFromWire);
    },
    async setPool(name, limit, signal) {
      const answer = await once(client.setPool({ name, limit }, { signal }), signal);
      return { pool: poolFromWire(required(answer.pool, "pool")), created: answer.created };
    },
    async deletePool(name, signal) {
      await once(client.deletePool({ name }, { signal }), signal);
    },
  };
}

/** Every method rejects with a FaultError. A worker is named by its id, or by its name where only one has it. */
export interface FleetClient {
  workers(signal: AbortSignal): Promise<readonly WorkerInfo[]>;
  /** @param worker all of them when left out */
  watchWorkers(worker: string | undefined, signal: AbortSignal): AsyncIterable<WorkerChanges>;
  cordonWorker(worker: string, reason: string, signal: AbortSignal): Promise<WorkerInfo>;
  uncordonWorker(worker: string, signal: AbortSignal): Promise<WorkerInfo>;
  /** @param asked.deadlineMs 0: what runs may take as long as it likes */
  drainWorker(
    worker: string,
    asked: { readonly reason: string; readonly deadlineMs: number },
    signal: AbortSignal,
  ): Promise<WorkerInfo>;
}

export function fleetClient(client: Client<typeof FleetService>): FleetClient {
  return {
    async workers(signal) {
      return (await once(client.listWorkers({}, { signal }), signal)).workers.map(workerFromWire);
    },
    async *watchWorkers(worker = "", signal) {
      for await (const { workers, complete } of each(client.watchWorkers({ worker }, { signal }), signal)) {
        yield { workers: workers.map(workerFromWire), complete };
      }
    },
    async cordonWorker(worker, reason, signal) {
      const answer = await once(client.cordonWorker({ worker, reason }, { signal }), signal);
      return workerFromWire(required(answer.worker, "worker"));
    },
    async uncordonWorker(worker, signal) {
      const answer = await once(client.uncordonWorker({ worker }, { signal }), signal);
      return workerFromWire(required(answer.worker, "worker"));
    },
    async drainWorker(worker, { reason, deadlineMs }, signal) {
      const asked = { worker, reason, deadlineMs: BigInt(deadlineMs) };
      const answer = await once(client.drainWorker(asked, { signal }), signal);
      return workerFromWire(required(answer.worker, "worker"));
    },
  };
}
