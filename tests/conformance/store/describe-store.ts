/** The promises of a store. Every engine runs this suite. */

import { parseBootId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { Store } from "../../../packages/coordinator/src/store/store.ts";
import { dag, step, ttlMs, World } from "./store-world.ts";

export type OpenStore = () => Promise<Store & AsyncDisposable>;

const chain = () => dag(step("a"), step("b", ["a"]), step("c", ["b"]));

export function describeStore(name: string, open: OpenStore): void {
  describe(`${name}: submitting`, () => {
    test("a run comes with its steps, and the first ones are ready", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(step("a"), step("b"), step("c", ["a", "b"])));
      expect(await world.phases(run)).toBe("queued: a=ready b=ready c=waiting");
      expect(await world.ready()).toEqual(["a", "b"]);
    });

    test("one idempotency key is one run, and another body under it is refused (R2)", async () => {
      await using store = await open();
      const world = new World(store);
      const first = await world.submit(chain(), "key");
      expect(await world.submit(chain(), "key")).toBe(first);
      await expect(world.submit(chain(), "key", "other")).rejects.toMatchObject({
        code: "idempotency_key_reused",
      });
      expect(await store.read.runsCount()).toBe(1);
    });

    test("a submission that fails leaves nothing, and its neighbours in the batch stay", async () => {
      await using store = await open();
      const world = new World(store);
      // The tables know handlers of four kinds.
      const refused = dag(step("a"), { ...step("b"), handler: "onMonday" as never });
      const answers = await Promise.allSettled([
        world.submit(chain()),
        world.submit(refused),
        world.submit(chain()),
      ]);
      expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(await store.read.runsCount()).toBe(2);
      expect(await world.ready()).toEqual(["a", "a"]);
    });
  });

  describe(`${name}: claiming`, () => {
    test("of many workers that want a step, one gets it (L1)", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(chain());
      const workers = Array.from({ length: 20 }, (_, index) => world.worker(`w${index}`));
      const claims = await Promise.all(workers.map((worker) => worker.tryClaim(run, "a")));
      expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
      expect(await world.phases(run)).toBe("running: a=leased b=waiting c=waiting");
    });

    test("a step that waits for others cannot be claimed (D1)", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(chain());
      expect(await world.worker("w").tryClaim(run, "b")).toBeUndefined();
    });
  });

  describe(`${name}: finishing`, () => {
    test("an end releases its successors in the same commit, and the last one ends the run", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(chain());
      for (const id of ["a", "b", "c"]) {
        expect(await world.ready()).toEqual([id]);
        const ref = await worker.claim(run, id);
        expect(await worker.start(ref)).toEqual([]);
        expect(await worker.finish(ref)).toBeUndefined();
      }
      expect(await world.phases(run)).toBe("succeeded: a=succeeded b=succeeded c=succeeded");
    });

    test("a step with two dependencies waits for both", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a"), step("b"), step("c", ["a", "b"])));
      await worker.finish(await worker.claim(run, "b"));
      expect(await world.ready()).toEqual(["a"]);
      await worker.finish(await worker.claim(run, "a"));
      expect(await world.ready()).toEqual(["c"]);
    });

    test("the same result twice counts once; another one under the fence is a conflict (L4)", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(chain());
      const ref = await worker.claim(run, "a");
      await worker.finish(ref);
      const before = (await store.read.runRead({ id: run })).eventSeq;
      expect(await worker.finish(ref)).toBeUndefined();
      expect(await worker.fail(ref)).toEqual({ ref, reason: "conflict" });
      expect((await store.read.runRead({ id: run })).eventSeq).toBe(before);
    });

    test("outputs reach the claim of a step that names them", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const user = step("b", ["a"], { env: { N: "$" + "{{ steps.a.outputs.n }}" } });
      const run = await world.submit(dag(step("a", [], { outputs: ["n"] }), user));
      await worker.finish(await worker.claim(run, "a"), { outputs: new Map([["n", 7]]) });
      expect((await worker.tryClaim(run, "b"))?.data.outputs).toEqual(new Map([["a/n", 7]]));
    });

    test("a failed step blocks everything behind it and nothing beside it", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a"), step("b", ["a"]), step("c", ["b"]), step("side")));
      await worker.fail(await worker.claim(run, "a"));
      expect(await world.phases(run)).toBe("running: a=failed b=blocked c=blocked side=ready");
      await worker.finish(await worker.claim(run, "side"));
      expect(await world.phases(run)).toBe("failed: a=failed b=blocked c=blocked side=succeeded");
      expect((await store.read.runRead({ id: run })).failure).toEqual({
        code: "exit_code",
        message: "step a: no",
      });
    });

    test("a retry waits for its time and counts the failures", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const retry = { limit: 1, backoff: "fixed", delayMs: 5000, maxDelayMs: 5000 } as const;
      const run = await world.submit(dag(step("a", [], { retry })));
      await worker.fail(await worker.claim(run, "a"));
      expect(await world.ready()).toEqual([]);
      expect(await worker.tryClaim(run, "a")).toBeUndefined();
      const { nextDue } = await store.read.queuesLook({ after: 0, limit: 10 });
      expect(nextDue).toBe(world.now + 5000);
      world.now += 5000;
      await worker.fail(await worker.claim(run, "a"));
      expect(await world.phases(run)).toBe("failed: a=failed");
    });

    test("an attempt that was handed back is tried again and costs nothing", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a")));
      await worker.finish(await worker.claim(run, "a"), { outcome: "returned" });
      expect(await world.ready()).toEqual(["a"]);
      const again = await worker.claim(run, "a");
      expect(again.attempt).toBe(2);
    });
  });

  describe(`${name}: fences`, () => {
    test("nothing under a stale fence changes anything (L2)", async () => {
      await using store = await open();
      const world = new World(store);
      const [slow, quick] = [world.worker("slow"), world.worker("quick")];
      const run = await world.submit(chain());
      const stale = await slow.claim(run, "a");
      world.now += ttlMs + 1;
      expect(await world.expire()).toEqual([stale]);
      const fresh = await quick.claim(run, "a");
      expect(fresh.attempt).toBe(2);
      const before = JSON.stringify(await store.read.runRead({ id: run }));
      expect(await slow.start(stale)).toEqual([{ ref: stale, reason: "superseded" }]);
      expect(await slow.finish(stale)).toEqual({ ref: stale, reason: "superseded" });
      expect((await slow.renew(stale)).refusals).toEqual([{ ref: stale, reason: "superseded" }]);
      expect(JSON.stringify(await store.read.runRead({ id: run }))).toBe(before);
      expect(await quick.finish(fresh)).toBeUndefined();
      expect(await slow.finish(stale)).toEqual({ ref: stale, reason: "terminal" });
    });

    test("another worker, another generation and an unknown attempt are refused", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(chain());
      const ref = await worker.claim(run, "a");
      expect(await world.worker("thief").finish(ref)).toEqual({ ref, reason: "unknown", foreign: true });
      const future = { ...ref, attempt: 9 };
      expect(await worker.finish(future)).toEqual({ ref: future, reason: "unknown" });
      const foreign = { ...ref, generation: "2-other" as typeof ref.generation };
      expect(await worker.finish(foreign)).toEqual({ ref: foreign, reason: "generation" });
      expect(await worker.finish(ref)).toBeUndefined();
    });

    test("a renewed lease does not expire, and one that was not does", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a"), step("b")));
      const [a, b] = [await worker.claim(run, "a"), await worker.claim(run, "b")];
      world.now += ttlMs - 1;
      await worker.renew(a);
      world.now += 2;
      expect(await world.expire()).toEqual([b]);
      expect(await world.phases(run)).toBe("running: a=leased b=ready");
    });

    test("after the coordinator was away every live lease gets fresh trust (L5)", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a")));
      await worker.claim(run, "a");
      world.now += ttlMs * 10;
      await store.write.leasesTrust({ leaseUntil: world.now + 60_000 });
      expect(await world.expire()).toEqual([]);
    });

    test("the third loss fails the step; onWorkerLost: fail does so at the first", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a"), step("b", [], { onWorkerLost: "fail" })));
      await worker.claim(run, "b");
      for (let loss = 1; loss <= 3; loss++) {
        await worker.claim(run, "a");
        world.now += ttlMs + 1;
        await world.expire();
      }
      expect(await world.phases(run)).toBe("failed: a=failed b=failed");
    });
  });

  describe(`${name}: workers that come back`, () => {
    test("a new boot loses what it does not hold, at once", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      await worker.greet();
      const run = await world.submit(dag(step("a"), step("b")));
      const [a, b] = [await worker.claim(run, "a"), await worker.claim(run, "b")];
      await worker.start(a, b);
      worker.bootId = parseBootId("w-boot-2");
      expect(await worker.greet([b])).toEqual({ refusals: [], cancelled: [] });
      expect(await world.phases(run)).toBe("running: a=ready b=running");
      expect(await worker.finish(b)).toBeUndefined();
      expect((await store.read.runRead({ id: run })).steps.map(({ attempt }) => attempt)).toEqual([1, 1]);
    });

    test("what it holds and the store gave to another is refused by name", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a")));
      const stale = await worker.claim(run, "a");
      world.now += ttlMs + 1;
      await world.expire();
      await world.worker("other").claim(run, "a");
      expect((await worker.greet([stale])).refusals).toEqual([{ ref: stale, reason: "superseded" }]);
    });

    test("a task that was on its way to a process that still lives costs nothing", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a")));
      for (let cut = 0; cut < 5; cut++) {
        await worker.claim(run, "a");
        await worker.greet();
      }
      expect(await world.phases(run)).toBe("running: a=ready");
    });
  });

  describe(`${name}: cancelling`, () => {
    test("idle steps end at once; a run without live attempts has ended (C2)", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(chain());
      expect(await store.write.runCancel({ id: run, now: world.now })).toEqual({ live: [] });
      expect(await world.phases(run)).toBe("cancelled: a=cancelled b=cancelled c=cancelled");
      expect(await world.ready()).toEqual([]);
    });

    test("a live attempt is named until its worker ends it; what it then reports decides", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(chain());
      const ref = await worker.claim(run, "a");
      expect(await store.write.runCancel({ id: run, now: world.now })).toEqual({ live: [ref] });
      expect((await worker.renew(ref)).cancelled).toEqual([ref]);
      expect(await world.phases(run)).toBe("running: a=leased b=cancelled c=cancelled");
      await worker.finish(ref, { outcome: "cancelled" });
      expect(await world.phases(run)).toBe("cancelled: a=cancelled b=cancelled c=cancelled");
      expect(await store.write.runCancel({ id: run, now: world.now })).toEqual({ live: [] });
    });

    test("a lost attempt of a cancelled run is not tried again", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(step("a")));
      await world.worker("w").claim(run, "a");
      await store.write.runCancel({ id: run, now: world.now });
      world.now += ttlMs + 1;
      await world.expire();
      expect(await world.phases(run)).toBe("cancelled: a=cancelled");
    });
  });

  describe(`${name}: reading`, () => {
    test("events are numbered without a gap, and can be read from any position (P4)", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a"), step("b", ["a"])));
      for (const id of ["a", "b"]) await worker.finish(await worker.claim(run, id));
      const { events, run: read } = await store.read.runEvents({ id: run, afterSeq: 0, limit: 1000 });
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      expect(read.eventSeq).toBe(events.length);
      expect(events.at(-1)?.change).toMatchObject({ kind: "run", status: "succeeded" });
      const { events: rest } = await store.read.runEvents({ id: run, afterSeq: 3, limit: 2 });
      expect(rest.map(({ seq }) => seq)).toEqual([4, 5]);
    });

    test("an unknown run is missing, by name", async () => {
      await using store = await open();
      const world = new World(store);
      await expect(world.phases("nope" as never)).rejects.toMatchObject({
        fault: "missing",
        code: "unknown_run",
      });
    });

    test("changes wake listeners after the commit", async () => {
      await using store = await open();
      const world = new World(store);
      const woken: string[] = [];
      const ready = Promise.withResolvers<void>();
      store.listen({ runs: (ids) => void woken.push(...ids), ready: ready.resolve });
      const run = await world.submit(chain());
      await ready.promise;
      expect(woken).toContain(run);
    });
  });
}
