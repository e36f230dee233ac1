/** Items that fail, and runs with items that are cancelled. */

import type { AttemptRef } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step, World } from "./store-world.ts";

export function describeItemStops(name: string, openStore: OpenStore): void {
  describe(`${name}: items that fail`, () => {
    describeFailing(openStore);
    describeStopping(openStore);
  });
}

function describeFailing(openStore: OpenStore): void {
  test("cancel the others: those that nobody runs at once, those that run when they are told", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const cancelled: AttemptRef[] = [];
    store.listen({ runs() {}, ready() {}, cancelled: (refs) => cancelled.push(...refs) });
    const spec = dag(step("a", [], each([1, 2, 3, 4, 5], { maxParallel: 4 })), step("b", ["a"]));
    const run = await world.submit(spec);
    const [zero, one, two] = [
      await worker.claim(run, "a.0"),
      await worker.claim(run, "a.1"),
      await worker.claim(run, "a.2"),
    ];
    await worker.fail(one, 2);
    expect(await world.itemPhases(run, "a")).toBe("leased failed leased cancelled cancelled");
    expect(await world.phases(run)).toBe("running: a=running b=waiting");
    expect(cancelled).toEqual([zero, two]);
    expect((await worker.renew(zero, two)).cancelled).toEqual([zero, two]);
    await worker.finish(zero, { outcome: "cancelled" });
    // The work was done before the word came.
    await worker.finish(two);
    expect(await world.itemPhases(run, "a")).toBe("cancelled failed succeeded cancelled cancelled");
    expect(await world.phases(run)).toBe("failed: a=failed b=blocked");
    const read = await store.read.runRead({ id: run });
    expect(read.failure).toEqual({
      code: "exit_code",
      message: "step a: item 1: no (1 of 5 items failed, 3 were cancelled)",
    });
  });

  test("let the others go on, where failFast is false", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(dag(step("a", [], each([1, 2, 3], { maxParallel: 1, failFast: false }))));
    await worker.finish(await worker.claim(run, "a.0"));
    await worker.fail(await worker.claim(run, "a.1"));
    await worker.fail(await worker.claim(run, "a.2"));
    expect(await world.phases(run)).toBe("failed: a=failed");
    expect((await store.read.runRead({ id: run })).failure?.message).toBe(
      "step a: item 1: no (2 of 3 items failed)",
    );
  });
}

function describeStopping(openStore: OpenStore): void {
  test("stop nobody when they are excused, and the run goes on", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const excused = { ...each([1, 2], { maxParallel: 1 }), continueOnError: true, outputs: ["n"] } as const;
    const run = await world.submit(dag(step("a", [], excused), step("b", ["a"])));
    await worker.fail(await worker.claim(run, "a.0"));
    await worker.finish(await worker.claim(run, "a.1"), { outputs: new Map([["n", 1]]) });
    expect(await world.phases(run)).toBe("running: a=failed b=ready");
    expect((await store.read.runRead({ id: run })).steps[0]?.outputs).toEqual({ n: [null, 1] });
    await worker.finish(await worker.claim(run, "b"));
    expect(await world.phases(run)).toBe("succeeded: a=failed b=succeeded");
  });

  test("a cancel of the run ends what nobody runs, and the step with what is left", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const spec = dag(step("a", [], each([1, 2, 3], { maxParallel: 2 })), step("b", ["a"]));
    const run = await world.submit(spec);
    await worker.finish(await worker.claim(run, "a.0"));
    const live = await worker.claim(run, "a.1");
    expect((await store.write.runCancel({ id: run, now: world.now })).live).toEqual([live]);
    expect(await world.itemPhases(run, "a")).toBe("succeeded leased cancelled");
    expect(await world.phases(run)).toBe("running: a=running b=cancelled");
    await worker.finish(live);
    expect(await world.phases(run)).toBe("cancelled: a=cancelled b=cancelled");
    const idle = await world.submit(spec, undefined, "other");
    await store.write.runCancel({ id: idle, now: world.now });
    expect(await world.phases(idle)).toBe("cancelled: a=cancelled b=cancelled");
    expect(await world.itemPhases(idle, "a")).toBe("cancelled cancelled cancelled");
  });
}
