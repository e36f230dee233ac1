/** The loops that look after what stands in the store: leases that run out, and runs that wait for others. */

import type { Ports, Service } from "@haversack/base";
import type { Store } from "../store/store.ts";
import type { LeaseClock } from "./lease-clock.ts";
import { leaseKeeper } from "./lease-keeper.ts";
import { type RunKeeper, runKeeper } from "./run-keeper.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

export interface KeeperParts {
  readonly store: Store;
  readonly leases: LeaseClock;
  readonly registry: WorkerRegistry;
  readonly ports: Ports;
  readonly onFailure: (error: unknown) => void;
}

export function keepers({ store, leases, registry, ports, onFailure }: KeeperParts): {
  readonly leases: Service;
  readonly runs: RunKeeper;
} {
  return {
    leases: leaseKeeper(store, leases, registry, ports, onFailure),
    runs: runKeeper(store, registry, ports, onFailure),
  };
}
