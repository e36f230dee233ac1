/** Health and metrics of a worker, where somebody asked for them. */

import type { HealthAddress } from "../config/health-address.ts";
import type { Attempts } from "../execute/attempts.ts";
import type { Uplink } from "../session/uplink.ts";
import { type HealthServer, healthServer } from "./health-server.ts";

export interface HealthAsked {
  readonly listen: HealthAddress | undefined;
  readonly attempts: Attempts;
  readonly uplink: Uplink;
  readonly slots: number;
  readonly stopping: () => boolean;
}

/** Started; undefined: nobody asked for it. */
export async function openHealth(asked: HealthAsked): Promise<HealthServer | undefined> {
  const { listen, attempts, uplink, slots, stopping } = asked;
  if (listen === undefined) return undefined;
  const { workerMetrics } = await import("./metrics.ts");
  const metrics = workerMetrics(() => ({
    slots,
    running: attempts.runningCount,
    held: attempts.held().length,
    spoolBytes: attempts.spoolBytes,
    connected: uplink.isUp,
  }));
  const server = healthServer(listen, () => ({ connected: uplink.isUp, stopping: stopping() }), metrics);
  await server.start(new AbortController().signal);
  return server;
}
