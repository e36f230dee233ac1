import { type AttemptRef, batchBytesMax, type Downward } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FakeClock, fakePorts, until } from "../../../../tests/support/fake-clock.ts";
import { Library } from "../library/library.ts";
import { Snapshots } from "../library/snapshots.ts";
import { fixedTokens, helloOf, plainDeploys, resultOf, stepOf } from "../testing/fleet-samples.ts";
import { packOf } from "../testing/packs.ts";
import { openRealStores, type RealStores } from "../testing/real-store.ts";
import { Dispatcher } from "./dispatcher.ts";
import { LeaseClock } from "./lease-clock.ts";
import { WorkerLink } from "./worker-link.ts";
import { WorkerRegistry } from "./worker-registry.ts";

let stores: RealStores;
beforeAll(async () => {
  stores = await openRealStores();
});
afterAll(() => stores.close());

const open = "$" + "{{";

/** A dispatcher with one worker, whose outbox the test reads. */
async function setup(slots = 4) {
  const clock = new FakeClock();
  const registry = new WorkerRegistry(3_600_000);
  const failures: unknown[] = [];
  const dispatcher = new Dispatcher({
    store: stores.store,
    registry,
    snapshots: new Snapshots(stores.store, new Library("/nowhere", undefined)),
    attemptTokens: fixedTokens,
    deploys: plainDeploys(stores.store),
    leases: LeaseClock.withTtl(30_000, clock),
    ports: fakePorts(clock),
    onFailure: (error) => void failures.push(error),
  });
  const stop = stores.store.listen({ runs: () => {}, ready: () => dispatcher.ring() });
  const link = new WorkerLink(helloOf("w"), clock);
  registry.add(link);
  link.greeted();
  link.grant(slots);
  const sent: Downward[] = [];
  const reading = (async () => {
    for await (const message of link.outgoing()) sent.push(message);
  })();
  const tasks = () => sent.flatMap((message) => (message.kind === "tasks" ? message.tasks : []));
  const finish = async (ref: AttemptRef, more: Parameters<typeof resultOf>[1] = {}) => {
    const result = resultOf(ref, more);
    const { workerId } = link.hello;
    const results = [{ result, resultDigest: "d" }];
    return await stores.store.write.attemptsFinish({ results, workerId, now: clock.now() });
  };
  await dispatcher.loop.start(new AbortController().signal);
  const close = async (): Promise<void> => {
    await dispatcher.loop.stop("now");
    stop();
    link.end();
    await reading;
    // What the test left ready is not for the next one.
    for (const run of (await stores.store.read.runsList({ limit: 100, status: "running" })).runs)
      await stores.store.write.runCancel({ id: run.id, now: clock.now() });
    for (const run of (await stores.store.read.runsList({ limit: 100, status: "queued" })).runs)
      await stores.store.write.runCancel({ id: run.id, now: clock.now() });
  };
  return { clock, dispatcher, link, tasks, finish, failures, [Symbol.asyncDispose]: close };
}

describe("ready steps", () => {
  test("go out as far as credits go, and the rest when there are more", async () => {
    await using world = await setup(2);
    const run = await stores.submit(world.clock.now(), stepOf("a"), stepOf("b"), stepOf("c"));
    await until(() => world.tasks().length === 2);
    world.link.grant(3);
    world.dispatcher.ring();
    await until(() => world.tasks().length === 3);
    expect(await stores.phases(run)).toBe("running a=leased b=leased c=leased");
  });

  test("a retry goes out when its time has come", async () => {
    await using world = await setup();
    const retry = { limit: 1, backoff: "fixed", delayMs: 90_000, maxDelayMs: 90_000 } as const;
    await stores.submit(world.clock.now(), stepOf("a", [], { retry }));
    await until(() => world.tasks().length === 1);
    await world.finish(world.tasks()[0]?.ref ?? expect.fail("no task"), { outcome: "failed" });
    await until(() => world.clock.nextIn !== undefined);
    for (let second = 0; second < 92 && world.tasks().length < 2; second += 2) {
      world.clock.advance(2000);
      await until(() => world.clock.nextIn !== undefined);
    }
    await until(() => world.tasks().length === 2);
    expect(world.tasks()[1]?.ref.attempt).toBe(2);
  });

  test("tasks for a link that has just ended are handed back at no cost", async () => {
    await using world = await setup();
    world.link.end();
    const run = await stores.submit(world.clock.now(), stepOf("a"));
    expect(await stores.phases(run)).toBe("queued a=ready");
  });
});

describe("no input stops the dispatcher (D3)", () => {
  test("a step whose values do not fit into a message fails by name", async () => {
    await using world = await setup();
    const env = { A: `${open} steps.a.outputs.n }}${open} steps.a.outputs.n }}` };
    const run = await stores.submit(
      world.clock.now(),
      stepOf("a", [], { outputs: ["n"] }),
      stepOf("b", ["a"], { env }),
      stepOf("c", ["a"]),
    );
    await until(() => world.tasks().length === 1);
    const outputs = new Map([["n", "x".repeat(batchBytesMax / 2)]]);
    await world.finish(world.tasks()[0]?.ref ?? expect.fail("no task"), { outputs });
    await until(() => world.tasks().length === 2);
    expect(world.tasks()[1]?.ref.stepId).toBe("c");
    const { steps } = await stores.store.read.runRead({ id: run });
    expect(steps[1]).toMatchObject({ phase: "failed", failure: { code: "task_too_large" } });
    expect(world.failures).toEqual([]);
  });

  test("an output that every object seems to have is absent, not a function", async () => {
    await using world = await setup();
    const env = { A: `[${open} steps.a.outputs.toString }}${open} steps.a.outputs.constructor }}]` };
    await stores.submit(world.clock.now(), stepOf("a"), stepOf("b", ["a"], { env }));
    await until(() => world.tasks().length === 1);
    await world.finish(world.tasks()[0]?.ref ?? expect.fail("no task"));
    await until(() => world.tasks().length === 2);
    expect(world.tasks()[1]?.env.get("A")).toBe("[]");
  });
});

test("a pack goes out once, and again when the worker has let it go", async () => {
  await using world = await setup(8);
  const pack = packOf("pack");
  const { digest } = pack;
  const work = { kind: "agent", prompt: "go", settings: {} } as const;
  const sent = async (count: number): Promise<boolean> => {
    await stores.submitWith([pack], world.clock.now(), stepOf("a", [], { work }));
    await until(() => world.tasks().length === count);
    const task = world.tasks()[count - 1]?.work;
    return task?.kind === "agent" && task.snapshot.gzip !== undefined;
  };
  expect([await sent(1), await sent(2)]).toEqual([true, false]);
  world.link.lacks([digest]);
  expect([await sent(3), await sent(4)]).toEqual([true, false]);
  world.link.lacks([digest]);
  world.link.holds([digest]);
  expect(await sent(5)).toBe(false);
});

test("of inputs with one path, the one that was made last counts, whatever the order of the file", async () => {
  await using world = await setup();
  const inputs = ["out.txt"];
  const steps = [stepOf("c", ["b"], { inputs }), stepOf("b", ["a"]), stepOf("a")];
  await stores.submit(world.clock.now(), ...steps);
  const digest = (letter: string) => `sha256:${letter.repeat(64)}` as never;
  for (const [index, letter] of ["a", "b"].entries()) {
    await until(() => world.tasks().length === index + 1);
    const artifacts = [{ path: "out.txt", digest: digest(letter), size: 1, executable: false }];
    await world.finish(world.tasks()[index]?.ref ?? expect.fail("no task"), { artifacts });
  }
  await until(() => world.tasks().length === 3);
  expect(world.tasks()[2]?.inputs.map(({ digest }) => digest)).toEqual([digest("b")]);
});
