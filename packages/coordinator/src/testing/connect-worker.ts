/** A worker at a dispatcher without a network: it keeps what it is sent, and ends what a test tells it to. */

import type { AttemptRef, Task, WorkerHello } from "@haversack/protocol";
import type { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { WorkerLink } from "../dispatch/worker-link.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import { Library } from "../library/library.ts";
import { Snapshots } from "../library/snapshots.ts";
import type { Store } from "../store/store.ts";
import { resultOf } from "./fleet-samples.ts";

export interface ConnectParts {
  readonly store: Store;
  readonly registry: WorkerRegistry;
  readonly clock: FakeClock;
  /** Of all workers, in the order in which they went out. */
  readonly sent: Task[];
  /** To be awaited when the links have ended. */
  readonly readings: Promise<void>[];
  readonly ring: () => void;
}

export function connectWorker(parts: ConnectParts, hello: WorkerHello, slots: number) {
  const { store, registry, clock, ring } = parts;
  const link = new WorkerLink(hello, clock);
  const tasks: Task[] = [];
  const read = async (): Promise<void> => {
    for await (const message of link.outgoing()) {
      if (message.kind !== "tasks") continue;
      tasks.push(...message.tasks);
      parts.sent.push(...message.tasks);
    }
  };
  let granted = slots;
  registry.add(link);
  link.greeted();
  link.grant(granted);
  parts.readings.push(read());
  ring();
  /** Ends an attempt, and frees its slot. */
  const finish = async (ref: AttemptRef): Promise<void> => {
    const results = [{ result: resultOf(ref), resultDigest: "d" }];
    await store.write.attemptsFinish({ results, workerId: hello.workerId, now: clock.now() });
    granted++;
    link.grant(granted);
    ring();
  };
  return { link, tasks, finish };
}

/** For steps without packs. */
export const noSnapshots = (store: Store): Snapshots =>
  new Snapshots(store, new Library("/nowhere", undefined));
