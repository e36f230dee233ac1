/**
 * One simulated worker: the product's connection, supervisor, session, uplink and stopwatch of leases, with one slot. Its
 * tasks are no processes: they run until they are cancelled or released, or succeed at once.
 */

import { silentLog, systemClock, systemRandom } from "@haversack/base";
import {
  type AttemptRef,
  type AttemptResult,
  type Downward,
  parseBootId,
  parseWorkerId,
  refKey,
  type Task,
  type WorkerHello,
} from "@haversack/protocol";
import { Access } from "../../packages/worker/src/identity/access.ts";
import { Connection } from "../../packages/worker/src/session/dial.ts";
import { LeaseWatch } from "../../packages/worker/src/session/lease-watch.ts";
import { superviseSession } from "../../packages/worker/src/session/supervisor.ts";
import { Uplink } from "../../packages/worker/src/session/uplink.ts";
import type { NamedWorker } from "./messages.ts";

export interface WorkerEvents {
  welcomed(worker: string): void;
  task(task: Task): void;
  cancelled(ref: AttemptRef): void;
  finished(count: number): void;
  heartbeat(): void;
  lost(how: string): void;
}

export interface SimulatedWorker {
  /** Rejects when dialling again cannot help. */
  run(signal: AbortSignal): Promise<void>;
  release(): void;
  /** Gives up what it may not trust any more; to be called every now and then. */
  checkLeases(): void;
}

const ports = { clock: systemClock, random: systemRandom, log: silentLog };
const slots = 1;

export function simulatedWorker(
  url: URL,
  { workerId: id, credential }: NamedWorker,
  events: WorkerEvents,
  holds: () => boolean,
): SimulatedWorker {
  const workerId = parseWorkerId(id);
  const access = new Access(
    { localCa: undefined },
    { kind: "credential", workerId, credential, joined: true },
  );
  const uplink = new Uplink((error) => {
    throw error;
  });
  const leases = new LeaseWatch(systemClock);
  const held = new Map<string, AttemptRef>();
  const results = new Map<string, AttemptResult>();
  let grantedTotal = 0;
  const refs = (): AttemptRef[] => [...held.values()];
  const hello: Omit<WorkerHello, "held"> = {
    workerId,
    bootId: parseBootId(ports.random.id()),
    name: id,
    version: "bench",
    labels: new Map(),
    slots,
    snapshotMinVersion: 1,
    snapshotMaxVersion: 1,
    snapshotFeatures: [],
    snapshotsHeld: [],
  };

  function grant(more: number): void {
    grantedTotal += more;
    uplink.send({ kind: "credits", grantedTotal });
  }

  function welcomed(): void {
    events.welcomed(id);
    // The session hands us its stream after this.
    queueMicrotask(() => {
      grantedTotal = 0;
      grant(slots - held.size);
      for (const [key, ref] of held) if (!results.has(key)) uplink.started(ref);
      for (const result of results.values()) uplink.result(result);
    });
  }

  function end(ref: AttemptRef, outcome: "succeeded" | "cancelled"): void {
    const key = refKey(ref);
    if (!held.has(key) || results.has(key)) return;
    const result: AttemptResult = { ref, outcome, outputs: new Map(), artifacts: [], logs: [] };
    results.set(key, result);
    uplink.result(result);
  }

  function drop(ref: AttemptRef): boolean {
    results.delete(refKey(ref));
    return held.delete(refKey(ref));
  }

  function begin(task: Task): void {
    events.task(task);
    held.set(refKey(task.ref), task.ref);
    uplink.started(task.ref);
    if (!holds()) end(task.ref, "succeeded");
  }

  function take(message: Downward): void {
    if (message.kind === "tasks") for (const task of message.tasks) begin(task);
    if (message.kind === "resultAcks") {
      const ended = message.refs.filter(drop).length;
      events.finished(ended);
      grant(ended);
    }
    if (message.kind === "refusals")
      for (const { ref, reason } of message.refusals) if (drop(ref)) events.lost(`refused: ${reason}`);
    if (message.kind !== "cancels") return;
    for (const ref of message.refs) {
      events.cancelled(ref);
      end(ref, "cancelled");
    }
  }

  function cacheChanges() {
    // Asked with each heartbeat, and only then.
    events.heartbeat();
    return { snapshotsAdded: [], snapshotsEvicted: [] };
  }

  return {
    async run(signal) {
      const connection = new Connection([url], access);
      const withHeld = (): WorkerHello => ({ ...hello, held: refs() });
      const own = { connection, uplink, leases, ports, cacheChanges, take, welcomed };
      await superviseSession({ ...own, hello: withHeld, held: refs }, signal);
      connection.close();
    },
    release() {
      for (const ref of refs()) end(ref, "succeeded");
    },
    checkLeases() {
      if (leases.remainingMs > 0) return;
      for (const ref of refs()) if (drop(ref)) events.lost("the lease ran out at the worker");
    },
  };
}
