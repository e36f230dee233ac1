/** What a run was submitted with for the runs that it starts stays as long as it does, and they go together. */

import { describe, expect, test } from "vitest";
import { packOf } from "../../../packages/coordinator/src/testing/packs.ts";
import { ChildrenWorld, call, family, simple } from "./children-world.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, step } from "./store-world.ts";

export function describeChildRetention(name: string, open: OpenStore): void {
  describe(`${name}: child runs that are forgotten`, () => {
    test("not before the first of their family, and with it", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const locals = { mid: dag(call("deeper", "leaf")), leaf: dag(step("work")) };
      const run = await world.submitFamily(family(dag(call("call", "mid"), step("last", ["call"])), locals));
      const mid = await world.startOnly();
      const leaf = await world.startOnly();
      await world.work(leaf);
      await world.settle();
      world.now += 1000;
      await world.retire(world.now);
      for (const id of [run, mid, leaf]) expect((await store.read.runRead({ id })).id).toBe(id);
      await world.finish(run);
      await world.retire(world.now);
      expect(await world.phases(leaf)).toBe("succeeded: work=succeeded");
      await world.retire(world.now + 1);
      for (const id of [run, mid, leaf])
        await expect(store.read.runRead({ id })).rejects.toThrow("there is no run");
      expect(await store.read.runsForgotten({ limit: 10 })).toEqual([]);
    });

    test("packs of a child that was never started stay with the run that has them", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const pack = packOf("pinned");
      const run = await world.submitFamily(simple(), pack);
      expect(await world.collect(world.now + 1)).toBe(0);
      const ready = (await world.readyChildren())[0]?.child?.pinned;
      expect(ready?.steps).toEqual([{ index: 0, pinDigest: pack.digest }]);
      await world.cancel(run);
      await world.retire(world.now + 1);
      expect(await world.collect(world.now + 1)).toBe(1);
    });

    test("a run that is done again has pins of its own", async () => {
      await using store = await open();
      const world = new ChildrenWorld(store);
      const pack = packOf("pinned");
      const first = await world.submitFamily(simple(), pack);
      await world.cancel(first);
      world.now += 1000;
      const again = await world.retry(first);
      await world.retire(world.now);
      expect(await world.collect(world.now + 1)).toBe(0);
      const child = await world.startOnly();
      expect((await world.stepOf(child, "work")).snapshotDigest).toBe(pack.digest);
      expect(await world.phases(again)).toBe("running: call=running after=waiting");
      // A child that is done again by itself is the first of a family of its own.
      await world.cancel(child);
      const alone = await world.retry(child);
      expect((await store.read.runRead({ id: alone })).parent).toBe(undefined);
      await world.work(alone);
      expect(await world.phases(alone)).toBe("succeeded: work=succeeded");
    });
  });
}
