/**
 * Ends the sessions of revoked workers that another coordinator revoked, or that came through just before: what they were
 * given meanwhile is void, too. Looked at every second, because a notification may be missed.
 */

import { Background, type Ms, messageOf, type Ports, pause, type Service } from "@haversack/base";
import type { WorkerId } from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

const lookEveryMs: Ms = 1000;

export interface RevocationParts {
  readonly store: {
    readonly read: Pick<Store["read"], "workersRevoked">;
    readonly write: Pick<Store["write"], "workerRevoke">;
  };
  readonly registry: WorkerRegistry;
  readonly ports: Ports;
}

export function revocationKeeper(parts: RevocationParts): Service {
  const keep = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await pause(parts.ports.clock, lookEveryMs, signal);
      await endRevoked(parts);
    }
  };
  return new Background("revocations", keep, () => {});
}

/** Never rejects: it is looked at again in a second. */
export async function endRevoked({ store, registry, ports }: RevocationParts): Promise<void> {
  if (registry.all().length === 0) return;
  try {
    for (const workerId of await store.read.workersRevoked()) {
      if (!endSession(registry, workerId, "this worker was revoked")) continue;
      await store.write.workerRevoke({ workerId, now: ports.clock.now() });
    }
  } catch (error) {
    ports.log.warn({ reason: messageOf(error) }, "revoked workers could not be looked up");
  }
}

/** For good: dialling again cannot help. @returns whether it was connected */
export function endSession(registry: WorkerRegistry, workerId: WorkerId, reason: string): boolean {
  const link = registry.get(workerId);
  link?.goodbye(reason, 0, true);
  return link !== undefined;
}
