/** What a coordinator does by itself, alone or as one of several: keep leases, lead, clean up. */

import type { Ms, Ports, Service } from "@haversack/base";
import type { BlobStore } from "../blobs/blob-store.ts";
import { sharedFolderGuard } from "../blobs/shared-folder.ts";
import { deadlineKeeper } from "../dispatch/deadline-keeper.ts";
import type { LeaseClock } from "../dispatch/lease-clock.ts";
import { leaseKeeper } from "../dispatch/lease-keeper.ts";
import { runKeeper } from "../dispatch/run-keeper.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import { LeaderKeeper, type Leadership, soleLeader } from "../leadership/leadership.ts";
import { janitor } from "../retention/janitor.ts";
import type { LogStore, Store } from "../store/store.ts";

export interface UpkeepParts {
  readonly store: Store;
  readonly logs: LogStore;
  readonly blobs: BlobStore;
  readonly leases: LeaseClock;
  readonly registry: WorkerRegistry;
  readonly ports: Ports;
  readonly retentionMs: Ms | undefined;
  readonly graceMs: Ms;
  /** The keeper of leases did a sweep. */
  readonly swept?: (intervalMs: Ms) => void;
}

export interface Upkeep {
  readonly leadership: Leadership;
  /** In the order of their start. */
  readonly services: readonly Service[];
  /** Runs wait for others of their key. */
  readonly held: () => void;
}

export function keepUp(parts: UpkeepParts, onFailure: (error: unknown) => void): Upkeep {
  const { store, blobs, leases, ports } = parts;
  const runs = runKeeper(parts, onFailure);
  const held = (): void => runs.held();
  if (store.shared === undefined) {
    const led = { ...parts, leadership: soleLeader };
    const services = [leaseKeeper(led, onFailure), runs.loop, ...ofLeader(led, onFailure)];
    return { leadership: soleLeader, services, held };
  }
  const names = {
    known: () => store.read.blobFolder(),
    name: (id: string) => store.write.blobFolderName({ id }),
  };
  const guard = sharedFolderGuard(blobs.folder, names, ports.random.id());
  const leader = new LeaderKeeper({ store, leases, ports }, onFailure);
  const led = { ...parts, leadership: leader };
  // The clock that a lead is counted on is that of the keeper of leases.
  const services = [guard, leaseKeeper(led, onFailure), leader, runs.loop, ...ofLeader(led, onFailure)];
  return { leadership: leader, services, held };
}

const ofLeader = (
  led: UpkeepParts & { readonly leadership: Leadership },
  onFailure: (error: unknown) => void,
): Service[] => [deadlineKeeper(led, onFailure), janitor(led, onFailure)];
