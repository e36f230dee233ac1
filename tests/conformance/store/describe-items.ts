/** Steps with items: opened when their turn comes, some at once, ended by the last of them. */

import { type AttemptRef, type JsonValue, parseDigest } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, each, step, ttlMs, World } from "./store-world.ts";

const open = "$" + "{{";

export function describeItems(name: string, openStore: OpenStore): void {
  describeOpening(name, openStore);
  describeEnds(name, openStore);
  describeStops(name, openStore);
  describeAttempts(name, openStore);
}

function describeOpening(name: string, openStore: OpenStore): void {
  describe(`${name}: items`, () => {
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
  });
}

function describeEnds(name: string, openStore: OpenStore): void {
  describe(`${name}: the end of items`, () => {
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
        change.kind === "run"
          ? change.status
          : `${change.stepId} ${change.phase} ${change.items ?? ""}`.trim(),
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
        expect(await store.write.attemptsFinish({ results, workerId: worker.id, now: world.now })).toEqual(
          [],
        );
        done += results.length;
      }
      const read = await store.read.runRead({ id: run });
      expect(read.status).toBe("succeeded");
      expect(read.steps[0]?.outputs).toEqual({ n: items });
    });
  });
}

function describeStops(name: string, openStore: OpenStore): void {
  describe(`${name}: items that fail`, () => {
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
      const run = await world.submit(
        dag(step("a", [], each([1, 2, 3], { maxParallel: 1, failFast: false }))),
      );
      await worker.finish(await worker.claim(run, "a.0"));
      await worker.fail(await worker.claim(run, "a.1"));
      await worker.fail(await worker.claim(run, "a.2"));
      expect(await world.phases(run)).toBe("failed: a=failed");
      expect((await store.read.runRead({ id: run })).failure?.message).toBe(
        "step a: item 1: no (2 of 3 items failed)",
      );
    });

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
  });
}

function describeAttempts(name: string, openStore: OpenStore): void {
  const retry = { limit: 1, backoff: "fixed", delayMs: 5000, maxDelayMs: 5000 } as const;

  describe(`${name}: attempts at items`, () => {
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
      await worker.fail(held);
      expect((await lost.renew(second)).cancelled).toEqual([second]);
      world.now += ttlMs + 1;
      await world.expire();
      expect(await world.itemPhases(run, "a")).toBe("cancelled failed");
      expect(await world.phases(run)).toBe("failed: a=failed");
    });

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
      expect(await store.read.attemptIsLive({ ref: ofGroup })).toBe(false);
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
  });
}
