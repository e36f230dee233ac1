/** Steps with items are opened when their turn comes. */

import { type JsonValue, parseDigest } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step, World } from "./store-world.ts";

const open = "$" + "{{";

export function describeItemOpening(name: string, openStore: OpenStore): void {
  describe(`${name}: items`, () => {
    describeOpened(openStore);
    describeFromOutputs(openStore);
    describeNotOpened(openStore);
  });
}

function describeOpened(openStore: OpenStore): void {
  test("are steps of their own, some at once, each with its value", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const spec = dag(
      step("a", [], {
        ...each(["x", { zone: "eu" }, 3, null], { maxParallel: 2 }),
        env: { ITEM: `${open} item }}`, N: `${open} index }}` },
        worker: { os: "linux", zone: `${open} item.zone }}` },
      }),
      step("b", ["a"]),
    );
    const run = await world.submit(spec, undefined, "body", { labels: { os: "linux" } });
    expect(await world.phases(run)).toBe("queued: a=running b=waiting");
    expect(await world.itemPhases(run, "a")).toBe("ready ready waiting waiting");
    expect(await world.ready()).toEqual(["a.0", "a.1"]);
    const { steps } = await store.read.stepsListReady({ now: world.now, limit: 10 });
    expect(steps.map(({ labels }) => labels)).toEqual([
      { os: "linux", zone: "" },
      { os: "linux", zone: "eu" },
    ]);
    expect(await worker.tryClaim(run, "a.1")).toMatchObject({
      stepId: "a.1",
      attempt: 1,
      data: { item: { index: 1, value: { zone: "eu" } } },
      spec: { id: "a" },
    });
    expect((await world.items(run, "a")).map(({ item }) => item)).toEqual([
      { value: "x" },
      { value: { zone: "eu" } },
      { value: 3 },
      { value: null },
    ]);
    const [one] = await world.items(run, "a.2");
    expect(one).toMatchObject({ id: "a.2", phase: "waiting", item: { value: 3 } });
    await expect(world.items(run, "a.4")).rejects.toMatchObject({ code: "unknown_step" });
    await expect(world.items(run, "b.0")).rejects.toMatchObject({ code: "unknown_step" });
  });

  test("share the pack and the rights that were pinned for their step", async () => {
    await using store = await openStore();
    const world = new World(store);
    const memoryWrite = { global: "none", dag: "append" } as const;
    const digest = parseDigest(`sha256:${"d".repeat(64)}`);
    const pinned = { labels: { pool: "x" }, pinDigest: digest, snapshotDigest: digest, memoryWrite };
    const run = await world.submit(dag(step("a", [], each([1, 2]))), undefined, "body", pinned);
    const { steps } = await store.read.stepsListReady({ now: world.now, limit: 10 });
    expect(steps).toEqual(
      ["a.0", "a.1"].map((stepId) =>
        expect.objectContaining({ runId: run, stepId, labels: { pool: "x" }, snapshotDigest: digest }),
      ),
    );
  });
}

function describeFromOutputs(openStore: OpenStore): void {
  test("may come from outputs of a step before; their own are lists for those behind, in order", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const spec = dag(
      step("scan", [], { outputs: ["files"] }),
      step("a", ["scan"], { ...each(`${open} steps.scan.outputs.files }}`), outputs: ["n"] }),
      step("b", ["a"], {
        env: { ALL: `${open} steps.a.outputs.n }}`, HOW: `${open} steps.a.status }}` },
        inputs: ["a/*/out.txt"],
      }),
    );
    const run = await world.submit(spec);
    expect(await world.items(run, "a")).toEqual([]);
    await worker.finish(await worker.claim(run, "scan"), {
      outputs: new Map([["files", '["x", "y", "z"]']]),
    });
    const [first, second, third] = [
      await worker.claim(run, "a.0"),
      await worker.claim(run, "a.1"),
      await worker.claim(run, "a.2"),
    ];
    const file = (letter: string) => [
      { path: "out.txt", digest: parseDigest(`sha256:${letter.repeat(64)}`), size: 3, executable: false },
    ];
    await worker.finish(third, { outputs: new Map<string, JsonValue>([["n", 3]]), artifacts: file("c") });
    await worker.finish(second, { outputs: new Map<string, JsonValue>([["more", true]]) });
    await worker.finish(first, {
      outputs: new Map<string, JsonValue>([["n", "one"]]),
      artifacts: file("a"),
    });
    const read = await store.read.runRead({ id: run });
    expect(read.steps[1]).toMatchObject({
      phase: "succeeded",
      outputs: { n: ["one", null, 3], more: [null, true, null] },
      items: { total: 3, waiting: 0, active: 0, succeeded: 3, failed: 0, cancelled: 0 },
    });
    const claimed = await worker.tryClaim(run, "b");
    expect(claimed?.data.outputs).toEqual(new Map([["a/n", ["one", null, 3]]]));
    expect(claimed?.data.statuses).toEqual(new Map([["a", "succeeded"]]));
    expect(claimed?.artifacts.map(({ path }) => path)).toEqual(["a/0/out.txt", "a/2/out.txt"]);
  });

  test("an empty list is a success at once, and what is behind goes on in the same commit", async () => {
    await using store = await openStore();
    const world = new World(store);
    const more = { outputs: ["n"] };
    const spec = dag(step("a", [], { ...each([]), ...more }), step("b", ["a"], each([])), step("c", ["b"]));
    const run = await world.submit(spec);
    expect(await world.phases(run)).toBe("queued: a=succeeded b=succeeded c=ready");
    expect((await store.read.runRead({ id: run })).steps[0]?.outputs).toEqual({ n: [] });
    const alone = await world.submit(dag(step("a", [], each([]))), undefined, "other");
    expect(await world.phases(alone)).toBe("succeeded: a=succeeded");
  });
}

function describeNotOpened(openStore: OpenStore): void {
  test("what gives no list, or too many, fails the step and says so", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    for (const [text, problem] of [
      ["no list", 'foreach gave the text "no list"; expected a list'],
      [JSON.stringify(Array(1001).fill(1)), "foreach gave 1001 items, at most 1000"],
    ] as const) {
      const spec = dag(
        step("scan", [], { outputs: ["files"] }),
        step("a", ["scan"], each(`${open} steps.scan.outputs.files }}`)),
        step("b", ["a"]),
      );
      const run = await world.submit(spec);
      await worker.finish(await worker.claim(run, "scan"), { outputs: new Map([["files", text]]) });
      expect(await world.phases(run)).toBe("failed: scan=succeeded a=failed b=blocked");
      const { failure } = await store.read.runRead({ id: run });
      expect(failure).toEqual({
        code: "bad_items",
        message: expect.stringContaining(`step a: ${problem}`),
      });
    }
    const excused = await world.submit(
      dag(step("a", [], { ...each("text"), continueOnError: true }), step("b", ["a"])),
    );
    expect(await world.phases(excused)).toBe("queued: a=failed b=ready");
  });

  test("an `if` is asked once, and a step that waits in vain has none", async () => {
    await using store = await openStore();
    const world = new World(store);
    const worker = world.worker("w");
    const spec = dag(
      step("a", [], { ...each([1]), condition: "false" }),
      step("b", ["a"], { ...each([1, 2]), condition: "true" }),
      step("c", ["b"], each([1])),
    );
    const run = await world.submit(spec);
    expect(await world.phases(run)).toBe("queued: a=skipped b=running c=waiting");
    await worker.fail(await worker.claim(run, "b.0"));
    expect(await world.phases(run)).toBe("failed: a=skipped b=failed c=blocked");
    expect(await world.items(run, "a")).toEqual([]);
    expect(await world.items(run, "c")).toEqual([]);
  });
}
