/** Ends of items: the next ones begin, and with the last of them their step ends. */

import type { AttemptRef } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step, ttlMs, World } from "./store-world.ts";

export function describeItemEnds(name: string, openStore: OpenStore): void {
  describe(`${name}: the end of items`, () => {
    describeEnding(openStore);
    describeTelling(openStore);
    describeMany(openStore);
  });
}

function describeEnding(openStore: OpenStore): void {
  test("lets the next ones begin, one for one, in order, and with the last their step ends", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(
      dag(step("a", [], each([1, 2, 3, 4], { maxParallel: 2 })), step("b", ["a"])),
    );
    await worker.finish(await worker.claim(run, "a.1"));
    expect(await world.itemPhases(run, "a")).toBe("ready succeeded ready waiting");
    const [zero, two] = [await worker.claim(run, "a.0"), await worker.claim(run, "a.2")];
    await worker.start(zero);
    await worker.finish(two);
    expect(await world.itemPhases(run, "a")).toBe("running succeeded succeeded ready");
    expect((await store.read.runRead({ id: run })).steps[0]?.items).toEqual({
      total: 4,
      waiting: 0,
      active: 2,
      succeeded: 2,
      failed: 0,
      cancelled: 0,
    });
    await worker.finish(await worker.claim(run, "a.3"));
    expect(await world.phases(run)).toBe("running: a=running b=waiting");
    await worker.finish(zero);
    expect(await world.phases(run)).toBe("running: a=succeeded b=ready");
    await worker.finish(await worker.claim(run, "b"));
    expect(await world.phases(run)).toBe("succeeded: a=succeeded b=succeeded");
  });

  test("results of many that come in one message count once each", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(dag(step("a", [], each([1, 2, 3]))));
    const refs = [
      await worker.claim(run, "a.0"),
      await worker.claim(run, "a.1"),
      await worker.claim(run, "a.2"),
    ];
    const reports = refs.map((ref) => ({
      result: { ref, outcome: "succeeded", outputs: new Map(), artifacts: [], logs: [] } as const,
      resultDigest: ref.stepId,
    }));
    const report = () =>
      store.write.attemptsFinish({
        results: [...reports, ...reports],
        workerId: worker.id,
        now: world.now,
      });
    expect(await report()).toEqual([]);
    expect(await report()).toEqual([]);
    expect(await world.phases(run)).toBe("succeeded: a=succeeded");
  });
}

function describeTelling(openStore: OpenStore): void {
  test("is told in order, with the number of items first", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(dag(step("a", [], each([1, 2], { maxParallel: 1 }))));
    await worker.finish(await worker.claim(run, "a.0"));
    await worker.finish(await worker.claim(run, "a.1"));
    const { events } = await store.read.runEvents({ id: run, afterSeq: 0, limit: 100 });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const told = events.map(({ change }) =>
      change.kind === "run" ? change.status : `${change.stepId} ${change.phase} ${change.items ?? ""}`.trim(),
    );
    expect(told).toEqual([
      "queued",
      "a running 2",
      "a.0 ready",
      "running",
      "a.0 leased",
      "a.0 succeeded",
      "a.1 ready",
      "a.1 leased",
      "a.1 succeeded",
      "a succeeded",
      "succeeded",
    ]);
  });

  test("outputs that are too large together fail the step, and say what to do", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(dag(step("a", [], each([1, 2, 3, 4, 5]))));
    for (const item of [0, 1, 2, 3, 4]) {
      const outputs = new Map([["text", "x".repeat(1024 * 1024)]]);
      await worker.finish(await worker.claim(run, `a.${item}`), { outputs });
    }
    expect(await world.phases(run)).toBe("failed: a=failed");
    expect((await store.read.runRead({ id: run })).failure).toEqual({
      code: "outputs_too_large",
      message: expect.stringMatching(
        /^step a: the outputs of its 5 items have 52429\d\d bytes together, at most 4194304/,
      ),
    });
  });
}

function describeMany(openStore: OpenStore): void {
  test("a thousand, in messages of many", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const items = Array.from({ length: 1000 }, (_, index) => index);
    const run = await world.submit(
      dag(step("a", [], { ...each(items, { maxParallel: 50 }), outputs: ["n"] })),
    );
    for (let done = 0; done < 1000; ) {
      const { steps } = await store.read.stepsListReady({ now: world.now, limit: 100 });
      expect(steps.length).toBe(50);
      const claims = steps.map(({ runId, index }) => {
        return { runId, index, workerId: worker.id, bootId: worker.bootId };
      });
      const lease = { generation: store.generation, leaseUntil: world.now + ttlMs, now: world.now };
      const claimed = await store.write.stepsTake({ claims, ...lease });
      const results = claimed.map(({ runId, stepId, attempt, generation, data }) => {
        const ref: AttemptRef = { runId, stepId, attempt, generation };
        const outputs = new Map([["n", data.item?.value ?? null]]);
        const result = { ref, outcome: "succeeded", outputs, artifacts: [], logs: [] } as const;
        return { result, resultDigest: stepId };
      });
      expect(await store.write.attemptsFinish({ results, workerId: worker.id, now: world.now })).toEqual([]);
      done += results.length;
    }
    const read = await store.read.runRead({ id: run });
    expect(read.status).toBe("succeeded");
    expect(read.steps[0]?.outputs).toEqual({ n: items });
  });
}
