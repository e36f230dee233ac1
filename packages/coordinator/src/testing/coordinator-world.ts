/** A coordinator without a network: real library, store, dispatcher and loops. Its one worker does what a test says. */

import { systemRandom } from "@haversack/base";
import { expect } from "vitest";
import { FakeClock, fakePorts } from "../../../../tests/support/fake-clock.ts";
import { childRuns } from "../children/child-runs.ts";
import { Dispatcher } from "../dispatch/dispatcher.ts";
import { LeaseClock } from "../dispatch/lease-clock.ts";
import { WorkerRegistry } from "../dispatch/worker-registry.ts";
import { openLibrary } from "../library/open-library.ts";
import { createScheduler } from "../schedule/scheduler.ts";
import type { Store } from "../store/store.ts";
import { plainDeploys } from "./fleet-samples.ts";
import { taskReader } from "./task-reader.ts";

/** @param slots of its worker */
export async function coordinatorOf(store: Store, asked: Parameters<typeof openLibrary>[1], slots = 100) {
  const clock = new FakeClock();
  const ports = { ...fakePorts(clock), random: systemRandom };
  const registry = new WorkerRegistry(3_600_000);
  const { snapshots, submitter, children, attemptTokens } = openLibrary(store, asked, ports);
  const onFailure = (error: unknown): void => expect.fail(String(error));
  const parts = { store, registry, ports, onFailure };
  const dispatcher = new Dispatcher({
    ...parts,
    snapshots,
    attemptTokens,
    deploys: plainDeploys(store),
    leases: LeaseClock.withTtl(30_000, clock),
  });
  const stopListening = store.listen({ runs: () => {}, ready: () => dispatcher.ring() });
  const reader = taskReader(store, clock, slots);
  registry.add(reader.link);
  reader.greeted();
  const childLoop = childRuns({ ...parts, submitter: children, depthMax: 16 });
  const scheduler = createScheduler({ ...parts, submitter });
  await dispatcher.loop.start(new AbortController().signal);
  await childLoop.start(new AbortController().signal);
  const stop = async (): Promise<void> => {
    await childLoop.stop("now");
    await scheduler.loop.stop("now");
    await dispatcher.loop.stop("now");
    stopListening();
    await reader.end();
  };
  const { next, finish } = reader;
  return { clock, dispatcher, submitter, scheduler, next, finish, [Symbol.asyncDispose]: stop };
}

export type CoordinatorWorld = Awaited<ReturnType<typeof coordinatorOf>>;
