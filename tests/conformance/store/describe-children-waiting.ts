/** Families of runs that wait: pauses and time limits reach down to the last child run. */

import { describe, expect, test } from "vitest";
import { ChildrenWorld, call, family, simple } from "./children-world.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, withHandlers } from "./store-world.ts";

const leaf = dag(step("work"));
const locals = { mid: dag(call("deeper", "leaf")), leaf };
const minuteMs = 60_000;

export function describeChildrenWaiting(name: string, open: OpenStore): void {
  describe(`${name}: child runs that are paused`, () => {
    test("are so with the first of their family, down to the last one, and go on with it", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const run = await world.submitFamily(family(dag(call("call", "mid")), locals));
      const mid = await world.startOnly();
      const last = await world.startOnly();
      await world.pause(run, "disk");
      await world.settle();
      expect(await world.ready()).toEqual([]);
      expect((await store.read.runRead({ id: last })).paused?.reason).toBe("with the run that started it");
      await expect(world.resume(last)).rejects.toThrow(`paused with run ${mid}, which started it`);
      await world.resume(run);
      await world.settle();
      expect(await world.ready()).toEqual(["work"]);
      await world.work(last);
      await world.settle();
      expect(await world.phases(run)).toBe("succeeded: call=succeeded");
    });

    test("start none, and are not started", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const run = await world.submitFamily(family(dag(call("call", "mid")), locals));
      const [ready = expect.fail("nothing is ready")] = await world.readyChildren();
      await world.pause(run);
      expect(await world.readyChildren()).toEqual([]);
      expect(await world.startChild(ready)).toBe(undefined);
      await world.resume(run);
      await world.startOnly();
      await world.pause(run);
      await world.settle();
      expect(await world.readyChildren()).toEqual([]);
    });

    test("by themselves stay so when their parent goes on", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const run = await world.submitFamily(simple());
      const child = await world.startOnly();
      await world.pause(child, "mine");
      await world.pause(run);
      await world.settle();
      await world.resume(run);
      await world.settle();
      expect(await world.ready()).toEqual([]);
      expect((await store.read.runRead({ id: child })).paused?.reason).toBe("mine");
      await world.resume(child);
      expect(await world.ready()).toEqual(["work"]);
    });

    test("end with a cancel of the first, and are not paused any more", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const run = await world.submitFamily(simple());
      const child = await world.startOnly();
      await world.pause(run);
      await world.settle();
      await world.cancel(run);
      await world.settle();
      expect(await world.phases(run)).toBe("cancelled: call=cancelled after=cancelled");
      expect((await store.read.runRead({ id: child })).paused).toBe(undefined);
    });
  });
  describeTimes(name, open);
}

function describeTimes(name: string, open: OpenStore): void {
  describe(`${name}: child runs and time limits`, () => {
    test("when the time of a run is over, what it started is cancelled; its handlers start runs of their own", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const spec = withHandlers(dag(call("call", "leaf")), { onFailure: [call("tell", "leaf")] });
      const run = await world.submitFamily(family({ ...spec, timeoutMs: minuteMs }, { leaf }));
      const child = await world.startOnly();
      const worker = world.worker("w");
      const live = await worker.claim(child, "work");
      world.now += minuteMs;
      await world.sweep();
      await world.settle();
      expect((await worker.renew(live)).cancelled).toEqual([live]);
      await worker.finish(live, { outcome: "cancelled" });
      await world.settle();
      expect(await world.phases(run)).toBe("running: call=cancelled tell=ready");
      const handler = await world.startOnly();
      await world.settle();
      expect(await world.phases(handler)).toBe("queued: work=ready");
      await world.work(handler);
      await world.settle();
      const { failure, status } = await store.read.runRead({ id: run });
      expect([status, failure?.code]).toEqual(["failed", "run_timeout"]);
    });

    test("when that of the handlers is over, what they started is cancelled too", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const spec = withHandlers(dag(step("a")), { onExit: [call("tidy", "leaf")] });
      const run = await world.submitFamily(family({ ...spec, timeoutMs: minuteMs }, { leaf }));
      await world.work(run, "a");
      const handler = await world.startOnly();
      world.now += minuteMs;
      await world.sweep();
      await world.settle();
      expect(await world.phases(handler)).toBe("cancelled: work=cancelled");
      expect(await world.phases(run)).toBe("succeeded: a=succeeded tidy=cancelled");
    });

    test("a child run has a time limit of its own, and its step fails by it", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const own = { leaf: { ...leaf, timeoutMs: minuteMs } };
      const run = await world.submitFamily(family(dag(call("call", "leaf")), own));
      const child = await world.startOnly();
      const worker = world.worker("w");
      const live = await worker.claim(child, "work");
      world.now += minuteMs;
      await world.sweep();
      await worker.finish(live, { outcome: "cancelled" });
      await world.settle();
      expect(await world.phases(run)).toBe("failed: call=failed");
      expect((await world.stepOf(run, "call")).failure?.message).toContain("the timeout of the DAG");
    });
  });
}
