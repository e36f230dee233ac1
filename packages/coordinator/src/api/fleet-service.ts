/** FleetService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { type FleetService, type WorkerInfo, workerToWire } from "@haversack/protocol";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { Store } from "../store/store.ts";

export function fleetService(store: Store, registry: WorkerRegistry): ServiceImpl<typeof FleetService> {
  return {
    async listWorkers() {
      const workers = await store.read.workersList();
      return {
        workers: workers.map((worker) => {
          const link = registry.get(worker.id);
          const info: WorkerInfo = {
            ...worker,
            labels: new Map(Object.entries(worker.labels)),
            connected: link !== undefined,
          };
          return workerToWire(info);
        }),
      };
    },
  };
}
