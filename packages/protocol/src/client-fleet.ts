/** The workers, and what an operator wants of them, as a client uses it. */

import type { Client } from "@connectrpc/connect";
import { each, once } from "./calls.ts";
import type { WorkerChanges, WorkerInfo } from "./model/worker-info.ts";
import type { FleetService } from "./services.ts";
import { required } from "./wire/fields.ts";
import { workerFromWire } from "./wire/worker-wire.ts";

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
