/** Gives away steps whose worker has not renewed its lease. It trusts its own clock only for lengths of time. */

import { Background, type Ms, type Ports, pause, type Service } from "@haversack/base";
import { isOver, type Lead, type Leadership } from "../leadership/leadership.ts";
import type { Store } from "../store/store.ts";
import type { LeaseClock } from "./lease-clock.ts";
import type { WorkerRegistry } from "./worker-registry.ts";

const expiredPerRound = 500;
/** Between two questions for the clock of a shared database. */
const keepToMs = 2000;
/** After that clock was set: longer than any coordinator takes to notice. */
const quietMs = 10_000;

export interface LeaseKeeperParts {
  readonly store: Store;
  readonly leases: LeaseClock;
  readonly registry: WorkerRegistry;
  /** Leases of all coordinators run out at the hands of one. */
  readonly leadership: Pick<Leadership, "lead">;
  readonly ports: Ports;
  /** A sweep was done; another one follows within the interval. */
  readonly swept?: (intervalMs: Ms) => void;
}

/**
 * @param onLost is called after steps were given up, so that they are placed again at once
 */
export function leaseKeeper(parts: LeaseKeeperParts, onFailure: (error: unknown) => void): Service {
  const { store, leases, registry, leadership, ports } = parts;
  const intervalMs = Math.min(1000, leases.times.ttlMs / 10);

  async function sweep(signal: AbortSignal): Promise<void> {
    let last = ports.clock.monotonic();
    let kept = last;
    let quietUntil = last;
    while (!signal.aborted) {
      await pause(ports.clock, intervalMs, signal);
      const now = ports.clock.monotonic();
      // We were away (stopped, suspended): nobody could renew, so nobody may lose a lease for it (L5).
      if (now - last > intervalMs + 2 * leases.times.heartbeatMs) await trust();
      last = now;
      if (store.shared !== undefined && now - kept >= keepToMs) {
        kept = now;
        if (await leases.keepTo(store.shared.now)) {
          ports.log.warn({}, "the clock of the database was set");
          quietUntil = now + quietMs;
          await trust();
        }
      }
      registry.endSilent(leases.times.ttlMs);
      const { lead } = leadership;
      if (now >= quietUntil && lead !== undefined) await expire(lead);
      parts.swept?.(intervalMs);
    }
  }

  async function trust(): Promise<void> {
    const extended = await store.write.leasesTrust({ leaseUntil: leases.trustUntil() });
    if (extended > 0) ports.log.info({ leases: extended }, "leases extended: the coordinator was away");
  }

  async function expire(lead: Lead): Promise<void> {
    const check = { now: ports.clock.now(), leaseNow: leases.now(), limit: expiredPerRound, ...lead };
    const { expired } = await store.write.leasesExpire(check).catch((error: unknown) => {
      if (isOver(error)) return { expired: [] };
      throw error;
    });
    for (const { ref, workerId } of expired) {
      ports.log.warn(
        { run: ref.runId, step: ref.stepId, attempt: ref.attempt, worker: workerId },
        "lease expired",
      );
    }
  }

  const loop = new Background("lease-keeper", sweep, onFailure);
  return {
    name: "lease-keeper",
    async start() {
      if (store.shared !== undefined) await leases.keepTo(store.shared.now);
      // Where another coordinator was there all the time, leases have been kept, and one that ran out has run out.
      if (store.shared?.others !== true) await trust();
      await loop.start();
    },
    stop: (mode) => loop.stop(mode),
  };
}
