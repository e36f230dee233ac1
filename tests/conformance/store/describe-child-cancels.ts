/** Cancels and time limits reach down to the last child run, and stop at what comes after a cancel. */

import { present } from "@haversack/base";
import { describe, expect, test } from "vitest";
import { ChildrenWorld, call, family, simple } from "./children-world.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, withHandlers } from "./store-world.ts";

const leaf = dag(step("work"));

export function describeChildCancels(name: string, open: OpenStore): void {
  describe(`${name}: child runs that are cancelled`, () => {
    test("with the first of their family, down to the last one", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const locals = { mid: dag(call("deeper", "low")), low: dag(call("deepest", "leaf")), leaf };
      const run = await world.submitFamily(family(dag(call("call", "mid")), locals));
      const mid = await world.startOnly();
      const low = await world.startOnly();
      const last = await world.startOnly();
      const worker = world.worker("w");
      const live = await worker.claim(last, "work");
      await world.cancel(run);
      await world.settle();
      expect((await worker.renew(live)).cancelled).toEqual([live]);
      expect(await world.phases(run)).toBe("running: call=running");
      await worker.finish(live, { outcome: "cancelled" });
      await world.settle();
      for (const [id, told] of [
        [last, "cancelled: work=cancelled"],
        [low, "cancelled: deepest=cancelled"],
        [mid, "cancelled: deeper=cancelled"],
        [run, "cancelled: call=cancelled"],
      ] as const)
        expect(await world.phases(id)).toBe(told);
    });

    test("are not started after it", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const run = await world.submitFamily(simple());
      const ready = present((await world.readyChildren())[0], "a step that may start");
      await world.cancel(run);
      expect(await world.startChild(ready)).toBe(undefined);
      expect(await world.phases(run)).toBe("cancelled: call=cancelled after=cancelled");
      expect((await store.read.runsList({ limit: 10 })).runs).toHaveLength(1);
    });

    test("not when they are handlers that come after a cancel", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const spec = withHandlers(dag(call("call", "leaf")), { onExit: [call("exit", "leaf")] });
      const run = await world.submitFamily(family(spec, { leaf }));
      const first = await world.startOnly();
      await world.cancel(run);
      await world.settle();
      expect(await world.phases(first)).toBe("cancelled: work=cancelled");
      expect(await world.phases(run)).toBe(
        "cancelled: call=cancelled exit=ready".replace("cancelled:", "running:"),
      );
      const last = await world.startOnly();
      await world.cancel(run);
      await world.settle();
      expect(await world.phases(last)).toBe("queued: work=ready");
      await world.work(last);
      await world.settle();
      expect(await world.phases(run)).toBe("cancelled: call=cancelled exit=succeeded");
    });
  });
  describeOtherEnds(name, open);
}

function describeOtherEnds(name: string, open: OpenStore): void {
  describe(`${name}: child runs that end otherwise`, () => {
    test("cancelled alone: the step is cancelled with its child, and not tried again", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const retry = { limit: 3, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } as const;
      const run = await world.submitFamily(simple({ retry }));
      await world.cancel(await world.startOnly());
      await world.settle();
      expect(await world.phases(run)).toBe("cancelled: call=cancelled after=blocked");
    });

    test("at the end of their time, which is a failure and may be tried again", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const retry = { limit: 1, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } as const;
      const run = await world.submitFamily(simple({ timeoutMs: 60_000, retry }));
      const first = await world.startOnly();
      const due = async () => await store.read.childrenDue({ now: world.now, limit: 10 });
      expect(await due()).toMatchObject({ overdue: [], nextDeadline: world.now + 60_000 });
      expect((await store.write.childExpire({ id: first, now: world.now })).live).toEqual([]);
      world.now += 60_000;
      expect(await due()).toMatchObject({ overdue: [first], nextDeadline: undefined });
      await world.settle();
      expect(await world.phases(first)).toBe("cancelled: work=cancelled");
      const second = await world.startOnly();
      world.now += 60_000;
      await world.settle();
      expect(await world.phases(run)).toBe("failed: call=failed after=blocked");
      expect((await world.stepOf(run, "call")).failure).toEqual({
        code: "timeout",
        message: `run ${second} of leaf ran longer than its time limit of 1m00s`,
      });
    });

    test("too late: what has succeeded counts", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const run = await world.submitFamily(simple({ timeoutMs: 60_000 }));
      const child = await world.startOnly();
      await world.work(child);
      world.now += 60_000;
      await world.cancel(run);
      await world.settle();
      expect(await world.phases(run)).toBe("cancelled: call=succeeded after=cancelled");
    });
  });
}
