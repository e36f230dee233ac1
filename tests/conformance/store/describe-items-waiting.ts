/** Items of a step have its limits, each for itself, and are held up with their run. */

import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step, World } from "./store-world.ts";

const hourMs = 3_600_000;

export function describeItemsWaiting(name: string, open: OpenStore): void {
  const three = (more: object = {}) =>
    step("a", [], { ...each([1, 2, 3], { maxParallel: 2, failFast: false }), ...more });

  describe(`${name}: items that wait`, () => {
    test("fail each for itself when no worker takes them in time, from their release on", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(three({ queueTimeoutMs: hourMs })));
      world.now += hourMs - 1;
      const taken = await worker.claim(run, "a.0");
      world.now += 1;
      expect(await world.sweep()).toEqual([`queue ${run}`]);
      expect(await world.itemPhases(run, "a")).toBe("leased failed ready");
      expect((await world.items(run, "a"))[1]).toMatchObject({
        id: "a.1",
        failure: { code: "queue_timeout" },
      });
      await worker.finish(taken);
      await worker.finish(await worker.claim(run, "a.2"));
      expect(await world.phases(run)).toBe("failed: a=failed");
    });

    test("are held with their run, those that are released meanwhile too, and end with its time", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit({ ...dag(three()), timeoutMs: hourMs });
      const taken = await worker.claim(run, "a.0");
      await world.pause(run);
      await worker.finish(taken);
      expect(await world.itemPhases(run, "a")).toBe("succeeded ready ready");
      expect(await world.ready()).toEqual([]);
      expect(await worker.tryClaim(run, "a.2")).toBeUndefined();
      await world.resume(run);
      expect(await world.ready()).toEqual(["a.1", "a.2"]);
      const live = await worker.claim(run, "a.1");
      world.now += hourMs;
      expect(await world.sweep()).toEqual([`run ${run}`, "cancel a.1#1"]);
      await worker.finish(live, { outcome: "cancelled" });
      expect(await world.itemPhases(run, "a")).toBe("succeeded cancelled cancelled");
      expect(await world.phases(run)).toBe("failed: a=cancelled");
      expect((await store.read.runRead({ id: run })).failure?.code).toBe("run_timeout");
    });
  });
}
