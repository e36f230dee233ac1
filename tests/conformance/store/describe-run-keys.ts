/** Runs that share a key: never more under way than the limit. Every engine runs this suite. */

import type { RunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { PlacementWorld, wide } from "./placement-world.ts";
import { dag, step } from "./store-world.ts";

async function finish(world: PlacementWorld, run: RunId): Promise<void> {
  for (;;) {
    const refs = (await world.claimReady()).filter(({ runId }) => runId === run);
    if (refs.length === 0) return;
    for (const ref of refs) await world.worker("w").finish(ref);
  }
}

export function describeRunKeys(name: string, open: OpenStore): void {
  describeQueueing(name, open);
  describeOthers(name, open);
}

function describeQueueing(name: string, open: OpenStore): void {
  describe(`${name}: runs that share a key (P9)`, () => {
    test("the next waits, all its steps with it, and starts when the first has ended", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const spec = dag(step("a"), step("b", ["a"]), step("c", [], { condition: "true" }));
      const [first, second] = [await world.submitKeyed(wide(1)), await world.submitKeyed(spec)];
      const other = await world.submitKeyed(wide(1), { key: "other" });
      expect(await world.startable(first, second, other)).toEqual([true, false, true]);
      expect(await world.phases(second)).toBe("queued: a=waiting b=waiting c=waiting");
      expect(await world.admit()).toEqual({ cancel: [], held: true });
      expect(await world.startable(second)).toEqual([false]);
      await finish(world, first);
      expect(await world.admit()).toEqual({ cancel: [], held: false });
      expect(await world.phases(second)).toBe("queued: a=ready b=waiting c=ready");
      await finish(world, second);
      expect(await world.phases(second)).toBe("succeeded: a=succeeded b=succeeded c=succeeded");
    });

    test("the facts name the run that has the key, and those that wait before", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const [first, , third] = [
        await world.submitKeyed(wide(1)),
        await world.submitKeyed(wide(1)),
        await world.submitKeyed(wide(1)),
      ];
      const facts = await store.read.stepsWhy({ runId: third, limit: 1 });
      expect(facts.get(0)?.hold).toEqual({ key: "k", limit: 1, runs: [first], ahead: 1 });
      expect((await store.read.stepsWhy({ runId: first, limit: 1 })).get(0)).not.toHaveProperty("hold");
    });

    test("a run that is to be left out is refused by name, and nothing of it stays", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const first = await world.submitKeyed(wide(1));
      const refused = world.submitKeyed(wide(1), { onConflict: "skip" });
      await expect(refused).rejects.toMatchObject({
        code: "run_key_taken",
        message: expect.stringContaining(first) as string,
      });
      expect(await store.read.runsCount()).toBe(1);
      await finish(world, first);
      expect(await world.startable(await world.submitKeyed(wide(1), { onConflict: "skip" }))).toEqual([true]);
    });
  });
}

function describeOthers(name: string, open: OpenStore): void {
  describe(`${name}: runs that share a key, and end otherwise`, () => {
    test("a run that replaces the others waits until they have ended", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const worker = world.worker("w");
      const [first, second] = [await world.submitKeyed(wide(1)), await world.submitKeyed(wide(1))];
      const [live] = await world.claimReady();
      const third = await world.submitKeyed(wide(1), { onConflict: "cancel-running" });
      expect((await world.admit()).cancel.toSorted()).toEqual([first, second].toSorted());
      expect((await store.read.runRead({ id: second })).status).toBe("cancelled");
      expect(await world.startable(third)).toEqual([false]);
      expect((await world.admit()).cancel).toEqual([]);
      await worker.finish(live as never, { outcome: "cancelled" });
      await world.admit();
      expect(await world.startable(third)).toEqual([true]);
    });

    test("a run that is cancelled while it waits ends at once, and holds up nobody", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const [first, second, third] = [
        await world.submitKeyed(wide(1)),
        await world.submitKeyed(wide(1)),
        await world.submitKeyed(wide(1)),
      ];
      await store.write.runCancel({ id: second, now: world.now });
      expect((await store.read.runRead({ id: second })).status).toBe("cancelled");
      await finish(world, first);
      await world.admit();
      expect(await world.startable(third)).toEqual([true]);
    });

    test("doing a run again waits for its key as well", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const worker = world.worker("w");
      const first = await world.submitKeyed(wide(2));
      for (const ref of await world.claimReady()) await worker.fail(ref);
      const second = await world.submitKeyed(wide(1));
      const again = await world.retry(first);
      expect(await world.startable(second, again)).toEqual([true, false]);
      await finish(world, second);
      await world.admit();
      expect(await world.startable(again)).toEqual([true]);
    });

    test("many that come at once: as many as the limit are under way, and all get their turn", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const runs = await Promise.all(
        Array.from({ length: 12 }, () => world.submitKeyed(wide(1), { limit: 3 })),
      );
      for (let round = 0; round < 12; round++) {
        const underWay = (await world.startable(...runs)).filter(Boolean).length;
        expect(underWay).toBe(Math.min(3, 12 - round));
        const [ref] = await world.claimReady(1);
        await world.worker("w").finish(ref as never);
        await world.admit();
      }
      const ended = await Promise.all(runs.map((id) => store.read.runRead({ id })));
      expect(ended.every(({ status }) => status === "succeeded")).toBe(true);
    });
  });
}
