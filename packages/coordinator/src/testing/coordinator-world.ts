/** A coordinator without a network: real library, store, dispatcher and loops. Its one worker does what a test says. */

import { present, systemRandom } from "@haversack/base";
import type { AttemptRef, Task } from "@haversack/protocol";
import { expect } from "vitest";
import { FakeClock, fakePorts, until } from "../../../../tests/support/fake-clock.ts";
import { childRuns } from "../children/child-runs.ts";
import { Dispatcher } from "../dispatch/dispatcher.ts";
import { LeaseClock } from "../dispatch/lease-clock.ts";
import { WorkerLink } from "../dispatch/worker-link.ts";
import { WorkerRegistry } from "../dispatch/worker-registry.ts";
import { openLibrary } from "../library/open-library.ts";
import { leaseTimes } from "../runs/lease.ts";
import { createScheduler } from "../schedule/scheduler.ts";
import type { Store } from "../store/store.ts";
import { helloOf, resultOf } from "./fleet-samples.ts";

type LibraryAsked = Parameters<typeof openLibrary>[1];

/** @param slots of its worker; `next` gives the tasks in the order in which they came */
export async function coordinatorOf(store: Store, asked: LibraryAsked, slots = 100) {
  const clock = new FakeClock();
  const ports = { ...fakePorts(clock), random: systemRandom };
  const registry = new WorkerRegistry(3_600_000);
  const { snapshots, submitter, children } = openLibrary(store, asked, ports);
  const leases = new LeaseClock(leaseTimes(30_000), clock);
  const onFailure = (error: unknown): void => expect.fail(String(error));
  const dispatcher = new Dispatcher({ store, registry, snapshots, leases, ports, onFailure });
  const stopListening = store.listen({ runs: () => {}, ready: () => dispatcher.ring() });
  const link = new WorkerLink(helloOf("w", { snapshotFeatures: ["skills"] }), clock);
  registry.add(link);
  link.greeted();
  link.grant(slots);
  const tasks: Task[] = [];
  const reading = (async () => {
    for await (const message of link.outgoing()) if (message.kind === "tasks") tasks.push(...message.tasks);
  })();
  await dispatcher.loop.start(new AbortController().signal);
  let taken = 0;
  const next = async (): Promise<Task> => {
    await until(() => tasks.length > taken);
    return present(tasks[taken++], "a task");
  };
  const finish = async (ref: AttemptRef, outcome: "succeeded" | "failed" | "returned" = "succeeded") => {
    const result = resultOf(ref, { outcome });
    const { workerId } = link.hello;
    const results = [{ result, resultDigest: "d" }];
    return await store.write.attemptsFinish({ results, workerId, now: clock.now() });
  };
  const childLoop = childRuns({ store, submitter: children, registry, ports, depthMax: 16, onFailure });
  await childLoop.start(new AbortController().signal);
  const scheduler = createScheduler({ store, submitter, registry, ports, onFailure });
  const stop = async (): Promise<void> => {
    await childLoop.stop("now");
    await scheduler.loop.stop("now");
    await dispatcher.loop.stop("now");
    stopListening();
    link.end();
    await reading;
  };
  return { clock, dispatcher, submitter, scheduler, next, finish, [Symbol.asyncDispose]: stop };
}
