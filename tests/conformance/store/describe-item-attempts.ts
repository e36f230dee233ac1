/** Attempts at items: each its own, under its own fence. */

import type { AttemptRef } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step, ttlMs, World } from "./store-world.ts";

const retry = { limit: 1, backoff: "fixed", delayMs: 5000, maxDelayMs: 5000 } as const;

export function describeItemAttempts(name: string, openStore: OpenStore): void {
  describe(`${name}: attempts at items`, () => {
    describeTries(openStore);
    describeFences(openStore);
  });
}

function describeTries(openStore: OpenStore): void {
  test("each item has its own tries, and keeps its place while it waits for the next", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(dag(step("a", [], { ...each([1, 2], { maxParallel: 1 }), retry })));
    await worker.fail(await worker.claim(run, "a.0"));
    expect(await world.itemPhases(run, "a")).toBe("ready waiting");
    expect(await worker.tryClaim(run, "a.0")).toBeUndefined();
    world.now += 5000;
    const again = await worker.claim(run, "a.0");
    expect(again.attempt).toBe(2);
    await worker.finish(again);
    expect(await world.itemPhases(run, "a")).toBe("succeeded ready");
  });

  test("one that waits for its next try is cancelled when another one fails for good", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(dag(step("a", [], { ...each([1, 2]), retry })));
    const other = await worker.claim(run, "a.1");
    await worker.fail(await worker.claim(run, "a.0"));
    await worker.fail(other);
    world.now += 5000;
    await worker.fail(await worker.claim(run, "a.0"));
    expect(await world.itemPhases(run, "a")).toBe("failed cancelled");
    expect(await world.phases(run)).toBe("failed: a=failed");
  });

  test("a lost worker's items are done again; of a step that was stopped they are cancelled", async () => {
    await using store = await openStore();
    const world = new World(store);
    const [lost, worker] = [world.worker("lost"), world.worker("w")];
    const run = await world.submit(dag(step("a", [], each([1, 2]))));
    await lost.claim(run, "a.0");
    const held = await worker.claim(run, "a.1");
    world.now += ttlMs - 1;
    await worker.renew(held);
    world.now += 2;
    expect((await world.expire()).map(({ stepId }) => stepId)).toEqual(["a.0"]);
    expect(await world.itemPhases(run, "a")).toBe("ready leased");
    const second = await lost.claim(run, "a.0");
    expect(second.attempt).toBe(2);
    expect((await lost.renew(second)).cancelled).toEqual([]);
    await worker.fail(held);
    expect((await lost.renew(second)).cancelled).toEqual([second]);
    world.now += ttlMs + 1;
    await world.expire();
    expect(await world.itemPhases(run, "a")).toBe("cancelled failed");
    expect(await world.phases(run)).toBe("failed: a=failed");
  });
}

function describeFences(openStore: OpenStore): void {
  test("a late result of an item is refused, and nobody can write about the step itself", async () => {
    await using store = await openStore();
    const world = new World(store);
    const [frozen, worker] = [world.worker("frozen"), world.worker("w")];
    const run = await world.submit(dag(step("a", [], each([1, 2]))));
    const stale = await frozen.claim(run, "a.0");
    world.now += ttlMs + 1;
    await world.expire();
    await worker.finish(await worker.claim(run, "a.0"));
    expect(await frozen.finish(stale)).toMatchObject({ reason: "terminal" });
    const ofGroup = { ...stale, stepId: "a" as AttemptRef["stepId"], attempt: 0 };
    expect(await frozen.finish(ofGroup)).toMatchObject({ reason: "unknown" });
    expect((await frozen.renew(ofGroup)).refusals).toMatchObject([{ reason: "unknown" }]);
    expect(await store.read.attemptAccess({ ref: ofGroup, workerId: frozen.id })).toBe("foreign");
    expect(await world.itemPhases(run, "a")).toBe("succeeded ready");
  });

  test("a step with items has no lease that could be trusted, expire or be lost", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(dag(step("a", [], each([1]))));
    const ref = await worker.claim(run, "a.0");
    expect(await store.write.leasesTrust({ leaseUntil: world.now + 1 })).toBe(1);
    await worker.greet([ref]);
    world.now += ttlMs * 10;
    expect((await world.expire()).map(({ stepId }) => stepId)).toEqual(["a.0"]);
    expect(await world.phases(run)).toBe("running: a=running");
  });
}
