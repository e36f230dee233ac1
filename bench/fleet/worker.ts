/**
 * One simulated worker: the product's connection, supervisor, session, uplink and stopwatch of leases, with one slot. Its
 * tasks are no processes.
 */

import { silentLog, systemClock, systemRandom } from "@haversack/base";
import { parseBootId, parseWorkerId, type WorkerHello } from "@haversack/protocol";
import { plainHello } from "../../packages/protocol/src/testing/plain-hello.ts";
import { Access } from "../../packages/worker/src/identity/access.ts";
import { Connection } from "../../packages/worker/src/session/dial.ts";
import { LeaseWatch } from "../../packages/worker/src/session/lease-watch.ts";
import { superviseSession } from "../../packages/worker/src/session/supervisor.ts";
import { Uplink } from "../../packages/worker/src/session/uplink.ts";
import { type AttemptEvents, Attempts } from "./attempts.ts";
import type { NamedWorker } from "./messages.ts";

export interface WorkerEvents extends AttemptEvents {
  welcomed(worker: string): void;
  heartbeat(): void;
}

export interface SimulatedWorker {
  /** Rejects when dialling again cannot help. */
  run(signal: AbortSignal): Promise<void>;
  release(): void;
  /** Gives up what it may not trust any more; to be called every now and then. */
  checkLeases(): void;
}

const ports = { clock: systemClock, random: systemRandom, log: silentLog };

export function simulatedWorker(
  url: URL,
  named: NamedWorker,
  events: WorkerEvents,
  holds: () => boolean,
): SimulatedWorker {
  const uplink = new Uplink((error) => {
    throw error;
  });
  const leases = new LeaseWatch(systemClock);
  const attempts = new Attempts(uplink, events, holds);
  const held = () => attempts.held();
  const known = greeting(named, attempts.slots);
  const parts = {
    uplink,
    leases,
    ports,
    held,
    connection: new Connection([url], accessOf(named)),
    hello: (): WorkerHello => ({ ...known, held: held() }),
    take: attempts.take.bind(attempts),
    cacheChanges() {
      // Asked with each heartbeat, and only then.
      events.heartbeat();
      return { snapshotsAdded: [], snapshotsEvicted: [] };
    },
    welcomed() {
      events.welcomed(named.workerId);
      // The session hands us its stream after this.
      queueMicrotask(() => attempts.begin());
    },
  };
  return {
    async run(signal) {
      await superviseSession(parts, signal);
      parts.connection.close();
    },
    release: () => attempts.release(),
    checkLeases: () => leases.remainingMs <= 0 && attempts.lose("the lease ran out at the worker"),
  };
}

function accessOf({ workerId, credential }: NamedWorker): Access {
  const identity = {
    kind: "credential",
    workerId: parseWorkerId(workerId),
    credential,
    joined: true,
  } as const;
  return new Access({ localCa: undefined }, identity);
}

const greeting = ({ workerId }: NamedWorker, slots: number): WorkerHello =>
  plainHello(workerId, { bootId: parseBootId(ports.random.id()), slots });
