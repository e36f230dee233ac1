/** The clock of leases, and the register of who is connected, which go by one interval. */

import type { Clock, Ms } from "@haversack/base";
import { LeaseClock } from "./lease-clock.ts";
import { WorkerRegistry } from "./worker-registry.ts";

export function openRegistry(leaseTtlMs: Ms, clock: Clock) {
  const leases = LeaseClock.withTtl(leaseTtlMs, clock);
  // Heartbeats come a fifth early or late: two and a half are two missed ones.
  return { leases, registry: new WorkerRegistry(leases.times.heartbeatMs * 2.5) };
}
