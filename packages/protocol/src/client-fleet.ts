/** The fleet as a client sees it. */

import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import type { WorkerInfo } from "./model/worker-info.ts";
import type { FleetService } from "./services.ts";
import { workerFromWire } from "./wire/worker-wire.ts";

/** Every method rejects with a FaultError. */
export interface FleetClient {
  workers(signal: AbortSignal): Promise<readonly WorkerInfo[]>;
}

export function fleetClient(fleet: Client<typeof FleetService>): FleetClient {
  return {
    async workers(signal) {
      return (await once(fleet.listWorkers({}, { signal }), signal)).workers.map(workerFromWire);
    },
  };
}
