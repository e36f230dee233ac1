/** A dispatcher on a real store, with workers that do what a test tells them. */

import { systemRandom } from "@haversack/base";
import { parseRunId, type RunConcurrency, type RunId, type StepSpec, type Task } from "@haversack/protocol";
import { FakeClock, fakePorts } from "../../../../tests/support/fake-clock.ts";
import { Dispatcher } from "../dispatch/dispatcher.ts";
import { whyWaiting } from "../dispatch/explainer.ts";
import { LeaseClock } from "../dispatch/lease-clock.ts";
import { runKeeper } from "../dispatch/run-keeper.ts";
import { WorkerRegistry } from "../dispatch/worker-registry.ts";
import { connectWorker, noSnapshots } from "./connect-worker.ts";
import { fixedTokens, helloOf, plainDeploys } from "./fleet-samples.ts";
import { digestOf } from "./packs.ts";
import type { RealStores, SubmittedStep } from "./real-store.ts";

export interface Placed {
  readonly step: StepSpec;
  readonly placement?: Partial<SubmittedStep>;
}

/** @param stores closed with the world */
export async function dispatchWorld(stores: RealStores) {
  const { store } = stores;
  const clock = new FakeClock();
  const ports = fakePorts(clock);
  const registry = new WorkerRegistry(3_600_000);
  const failures: unknown[] = [];
  const onFailure = (error: unknown): void => void failures.push(error);
  const keeper = runKeeper({ store, registry, ports }, onFailure);
  const dispatcher = new Dispatcher({
    store,
    registry,
    snapshots: noSnapshots(store),
    attemptTokens: fixedTokens,
    deploys: plainDeploys(store),
    leases: LeaseClock.withTtl(30_000, clock),
    ports,
    onFailure,
    onHeld: () => keeper.held(),
  });
  const stop = store.listen({ runs: () => {}, ready: () => dispatcher.ring() });
  const sent: Task[] = [];
  const readings: Promise<void>[] = [];
  let arrival = Promise.withResolvers<void>();
  const onTasks = (): void => arrival.resolve();
  /** Until the tasks that were sent are such. */
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      arrival = Promise.withResolvers<void>();
      await arrival.promise;
    }
  };

  const connect = (name: string, slots: number, labels: Readonly<Record<string, string>> = {}) => {
    const hello = helloOf(name, { labels: new Map(Object.entries(labels)) });
    const ring = (): void => dispatcher.ring();
    return connectWorker({ store, registry, clock, sent, readings, ring, onTasks }, hello, slots);
  };

  async function submit(
    dagName: string,
    steps: readonly Placed[],
    concurrency?: RunConcurrency,
  ): Promise<RunId> {
    const dag = { name: dagName, params: {}, env: {}, steps: steps.map(({ step }) => step) };
    const { runId } = await store.write.runSubmit({
      id: parseRunId(systemRandom.id()),
      dagDigest: digestOf(JSON.stringify(dag)),
      dag,
      source: "",
      params: {},
      bodyDigest: digestOf("body"),
      now: clock.now(),
      steps: steps.map(({ placement }) => ({ labels: {}, ...placement })),
      packs: [],
      ...(concurrency === undefined ? {} : { concurrency }),
    });
    return runId;
  }

  const reasons = async (run: RunId, index: number): Promise<readonly string[]> =>
    ((await whyWaiting({ store, registry, clock }, run)).get(index) ?? []).map(({ code }) => code);

  await dispatcher.loop.start(new AbortController().signal);
  await keeper.loop.start(new AbortController().signal);
  const close = async (): Promise<void> => {
    await keeper.loop.stop("now");
    await dispatcher.loop.stop("now");
    stop();
    for (const link of registry.all()) link.end();
    await Promise.all(readings);
    await stores.close();
  };
  return { clock, store, connect, submit, sent, until, reasons, failures, [Symbol.asyncDispose]: close };
}
