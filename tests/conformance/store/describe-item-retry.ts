/** A run with items that is retried, and one that is forgotten. */

import type { RunId, StepPhase } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step, type TestWorker, World } from "./store-world.ts";

const open = "$" + "{{";

const spec = dag(
  step("scan", [], { outputs: ["files"] }),
  step("a", ["scan"], {
    ...each(`${open} steps.scan.outputs.files }}`, { failFast: false }),
    outputs: ["n"],
  }),
  step("b", ["a"], { inputs: ["**"], env: { ALL: `${open} steps.a.outputs.n }}` } }),
);
const outputs = (n: number) => ({
  outputs: new Map([["n", n]]),
  artifacts: [{ path: "f", digest: `sha256:${"a".repeat(64)}` as never, size: 1, executable: false }],
});
async function failedOnce(world: World, worker: TestWorker): Promise<RunId> {
  const run = await world.submit(spec);
  await worker.finish(await worker.claim(run, "scan"), { outputs: new Map([["files", "[1, 2, 3]"]]) });
  await worker.finish(await worker.claim(run, "a.0"), outputs(10));
  await worker.fail(await worker.claim(run, "a.1"));
  await worker.finish(await worker.claim(run, "a.2"), outputs(30));
  expect(await world.phases(run)).toBe("failed: scan=succeeded a=failed b=blocked");
  return run;
}

export function describeItemRetry(name: string, openStore: OpenStore): void {
  describe(`${name}: a retry of a run with items`, () => {
    describeKept(openStore);
    describeDoneAgain(openStore);
  });
}

function describeKept(openStore: OpenStore): void {
  test("keeps those that succeeded, with what they made, and does the others", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const again = await world.retry(await failedOnce(world, worker));
    expect(await world.phases(again)).toBe("queued: scan=succeeded a=running b=waiting");
    expect(await world.itemPhases(again, "a")).toBe("succeeded ready succeeded");
    expect(await world.ready()).toEqual(["a.1"]);
    await worker.finish(await worker.claim(again, "a.1"), outputs(20));
    const claimed = await worker.tryClaim(again, "b");
    expect(claimed?.data.outputs).toEqual(new Map([["a/n", [10, 20, 30]]]));
    expect(claimed?.artifacts.map(({ path }) => path)).toEqual(["a/0/f", "a/1/f", "a/2/f"]);
    const { events } = await store.read.runEvents({ id: again, afterSeq: 0, limit: 100 });
    const phases = new Map<string, StepPhase>();
    for (const { change } of events) if (change.kind === "step") phases.set(change.stepId, change.phase);
    expect(Object.fromEntries(phases)).toEqual({
      scan: "succeeded",
      a: "succeeded",
      "a.0": "succeeded",
      "a.1": "succeeded",
      "a.2": "succeeded",
      b: "leased",
    });
  });

  test("keeps a step that succeeded with all its items, for those behind it", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.retry(await failedOnce(world, worker));
    await worker.finish(await worker.claim(run, "a.1"), outputs(20));
    await worker.fail(await worker.claim(run, "b"));
    const again = await world.retry(run);
    expect(await world.phases(again)).toBe("queued: scan=succeeded a=succeeded b=ready");
    const counts = { total: 3, waiting: 0, active: 0, succeeded: 3, failed: 0, cancelled: 0 };
    expect((await store.read.runRead({ id: again })).steps[1]?.items).toEqual(counts);
    const claimed = await worker.tryClaim(again, "b");
    expect(claimed?.artifacts.map(({ path }) => path)).toEqual(["a/0/f", "a/1/f", "a/2/f"]);
    expect(claimed?.data.outputs).toEqual(new Map([["a/n", [10, 20, 30]]]));
  });

  test("does again the item that is named, or all of them, or none that never was", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await failedOnce(world, worker);
    const one = await world.retry(run, { fromStep: "a.2" });
    expect(await world.itemPhases(one, "a")).toBe("succeeded ready ready");
    const all = await world.retry(run, { fromStep: "a" });
    expect(await world.itemPhases(all, "a")).toBe("ready ready ready");
    for (const fromStep of ["a.3", "b.0", "scan.0"]) {
      await expect(world.retry(run, { fromStep })).rejects.toMatchObject({ code: "unknown_step" });
    }
  });
}

function describeDoneAgain(openStore: OpenStore): void {
  test("does all of them when something before is done again: they may be others", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const again = await world.retry(await failedOnce(world, worker), { fromStep: "scan" });
    expect(await world.items(again, "a")).toEqual([]);
    await worker.finish(await worker.claim(again, "scan"), { outputs: new Map([["files", '["new"]']]) });
    expect((await world.items(again, "a")).map(({ phase, item }) => [phase, item])).toEqual([
      ["ready", { value: "new" }],
    ]);
  });

  test("after a cancel keeps what was done by then", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const run = await world.submit(dag(step("a", [], each([1, 2, 3], { maxParallel: 1 }))));
    await worker.finish(await worker.claim(run, "a.0"));
    await store.write.runCancel({ id: run, now: world.now });
    const again = await world.retry(run);
    expect(await world.itemPhases(again, "a")).toBe("succeeded ready waiting");
    await worker.finish(await worker.claim(again, "a.1"));
    await worker.finish(await worker.claim(again, "a.2"));
    expect(await world.phases(again)).toBe("succeeded: a=succeeded");
  });

  test("a run with items is forgotten whole", async () => {
    await using store = await openStore();
    const world = new World(store);
    const run = await failedOnce(world, world.worker("w"));
    await store.write.runsRetire({ endedBefore: world.now + 1, limit: 10 });
    for (let round = 0; round < 20; round++) await store.write.runsErase({ ids: [run], limit: 5 });
    await expect(store.read.runRead({ id: run })).rejects.toMatchObject({ code: "unknown_run" });
  });
}
