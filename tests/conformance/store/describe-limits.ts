/** Queues, keys and pools: what may start together. Every engine runs this suite. */

import type { RunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { LimitUse } from "../../../packages/coordinator/src/runs/limits.ts";
import type { OpenStore } from "./describe-store.ts";
import { PlacementWorld, wide } from "./placement-world.ts";
import { dag, step, ttlMs } from "./store-world.ts";

const key = (name: string, limit: number): LimitUse => ({ kind: "key", name, units: 1, limit });
const pool = (name: string, units = 1): LimitUse => ({ kind: "pool", name, units });

export function describeLimits(name: string, open: OpenStore): void {
  describeQueues(name, open);
  describeKeys(name, open);
  describeOwnLimits(name, open);
  describePools(name, open);
  describeWhy(name, open);
}

function describeQueues(name: string, open: OpenStore): void {
  describe(`${name}: queues`, () => {
    test("steps that ask for the same stand in one, over runs; oldest run first", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const gpu = { labels: { pool: { in: ["gpu"] } }, priority: 5 } as const;
      const first = await world.submitPlaced(wide(2), {}, gpu);
      const second = await world.submitPlaced(wide(2), {}, gpu);
      const { queues } = await store.read.queuesLook({ after: 0, limit: 10 });
      expect(queues.map(({ priority, selector, share }) => ({ priority, selector, share }))).toEqual([
        { priority: 3, selector: {}, share: "test" },
        { priority: 5, selector: { pool: { in: ["gpu"] } }, share: "test" },
      ]);
      const steps = await store.read.stepsHead({ counts: new Map(queues.map(({ no }) => [no, 10])) });
      expect(steps.map(({ runId, index }) => [runId, index])).toEqual([
        [first, 0],
        [second, 0],
        [first, 1],
        [second, 1],
      ]);
      const [one] = queues;
      const head = await store.read.stepsHead({ counts: new Map([[one?.no ?? 0, 1]]) });
      expect(head.map(({ runId }) => runId)).toEqual([first]);
    });

    test("are looked through piece by piece, and only those in which steps wait", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const runs = [];
      for (let index = 0; index < 5; index++) {
        runs.push(await world.submitPlaced(wide(1), { labels: { host: `h${index}` } }));
      }
      await store.write.runCancel({ id: runs[1] as never, now: world.now });
      const found: unknown[] = [];
      let after: number | undefined = 0;
      while (after !== undefined) {
        const look: Awaited<ReturnType<typeof store.read.queuesLook>> = await store.read.queuesLook({
          after,
          limit: 2,
        });
        found.push(...look.queues.map(({ selector }) => selector["host"]));
        after = look.upTo;
      }
      expect(found).toEqual(["h0", "h2", "h3", "h4"]);
    });

    test("a retry stands in its queue again when its time has come", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const worker = world.worker("w");
      const retry = { limit: 3, backoff: "fixed", delayMs: 5000, maxDelayMs: 5000 } as const;
      const run = await world.submit(dag(step("a", [], { retry }), step("b")));
      await worker.fail(await worker.claim(run, "a"));
      expect(await store.write.stepsDueNow({ now: world.now, limit: 10 })).toBe(0);
      world.now += 5000;
      expect(await store.write.stepsDueNow({ now: world.now, limit: 10 })).toBe(1);
      expect(await world.ready()).toEqual(["a", "b"]);
    });
  });
}

function describeKeys(name: string, open: OpenStore): void {
  describe(`${name}: keys of steps (P9)`, () => {
    test("as many are in flight as the limit says, over runs, and the next when one has ended", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const limits = [key("db", 2)];
      await world.submitPlaced(wide(2), { limits });
      await world.submitPlaced(wide(2), { limits });
      const [first] = await world.claimReady();
      expect(await world.claimReady()).toEqual([]);
      expect(await world.rooms()).toEqual([0]);
      await world.worker("w").finish(first as never);
      expect(await world.rooms()).toEqual([1]);
      expect(await world.claimReady()).toHaveLength(1);
    });

    test("whatever ends an attempt makes room: result, failure, loss, cancel, handing back", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const worker = world.worker("w");
      await world.submitPlaced(wide(6), { limits: [key("one", 1)] });
      const next = async () => (await world.claimReady(1))[0] as never;
      const isFree = async () => (await world.rooms())[0] === 1;
      await worker.finish(await next());
      expect(await isFree()).toBe(true);
      await worker.fail(await next());
      expect(await isFree()).toBe(true);
      await worker.finish(await next(), { outcome: "returned" });
      expect(await isFree()).toBe(true);
      await next();
      world.now += ttlMs + 1;
      expect(await world.expire()).toHaveLength(1);
      expect(await isFree()).toBe(true);
      await next();
      // The worker comes back as a new process that knows of nothing.
      worker.bootId = "another" as never;
      await worker.greet();
      expect(await isFree()).toBe(true);
      const other = await world.submitPlaced(wide(1), { limits: [key("two", 1)] });
      const live = (await world.claimReady()).find(({ runId }) => runId === other);
      await store.write.runCancel({ id: other, now: world.now });
      // Told to end, but not ended: it still has its part.
      await world.submitPlaced(wide(1), { limits: [key("two", 1)] });
      expect((await world.rooms()).at(-1)).toBe(0);
      await worker.finish(live as never, { outcome: "cancelled" });
      expect((await world.rooms()).at(-1)).toBe(1);
    });
  });
}

function describeOwnLimits(name: string, open: OpenStore): void {
  describe(`${name}: what a key means (P9)`, () => {
    test("each holds to its own limit, and counts what others have under the key", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      await world.submitPlaced(wide(3), { limits: [key("k", 3)] });
      expect(await world.claimReady(2)).toHaveLength(2);
      await world.submitPlaced(wide(1), { limits: [key("k", 2)] });
      expect(await world.rooms()).toEqual([1, 0]);
      expect(await world.claimReady()).toHaveLength(1);
    });

    test("a claim that does not say that the step has limits does not have it", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const run = await world.submitPlaced(wide(1), { limits: [key("k", 1)] });
      expect(await world.worker("w").tryClaim(run, "s0")).toBeUndefined();
      expect(await world.claimReady()).toHaveLength(1);
    });

    test("a name that nobody names any more is forgotten, with what named it, and comes again", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      await store.write.poolSet({ name: "p", limit: 2 });
      const erase = async (run: RunId) => {
        await store.write.runCancel({ id: run, now: world.now });
        await store.write.runsRetire({ endedBefore: world.now + 1, limit: 10 });
        await store.write.runsErase({ ids: [run], limit: 100 });
      };
      const collect = () => store.write.queuesCollect({ usedBefore: world.now + 1, limit: 10 });
      const ofSteps = await world.submitPlaced(wide(1), { limits: [key("k", 1)] });
      const ofRuns = await world.submitKeyed(wide(1), { key: "r" });
      expect(await collect()).toEqual({ queues: 0, names: 0 });
      await erase(ofSteps);
      expect(await collect()).toEqual({ queues: 1, names: 1 });
      await erase(ofRuns);
      expect(await collect()).toEqual({ queues: 0, names: 1 });
      await world.submitPlaced(wide(1), { limits: [key("k", 1)] });
      await world.submitKeyed(wide(1), { key: "r" });
      expect(await world.claimReady()).toHaveLength(2);
    });

    test("queues of keys that nobody names any more go, and only those", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const ended = await world.submitPlaced(wide(1), { limits: [key("gone", 1)] });
      await world.submitPlaced(wide(1), { limits: [key("stays", 1)] });
      await world.submitPlaced(wide(1), { labels: { a: "b" } });
      await store.write.runCancel({ id: ended, now: world.now });
      const collect = () => store.write.queuesCollect({ usedBefore: world.now + 1, limit: 10 });
      expect(await collect()).toEqual({ queues: 0, names: 0 });
      await store.write.runsRetire({ endedBefore: world.now + 1, limit: 10 });
      await store.write.runsErase({ ids: [ended], limit: 100 });
      expect(await collect()).toEqual({ queues: 1, names: 1 });
      expect((await store.read.queuesLook({ after: 0, limit: 10 })).queues).toHaveLength(2);
      await world.submitPlaced(wide(2), { limits: [key("gone", 1)] });
      expect(await world.claimReady(3)).toHaveLength(3);
      expect(await world.rooms()).toEqual([0]);
    });

    test("a step that is done again has the key of its first run", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const worker = world.worker("w");
      const run = await world.submitPlaced(wide(2), { limits: [key("k", 1)] });
      for (let index = 0; index < 2; index++) await worker.fail((await world.claimReady())[0] as never);
      await world.retry(run);
      expect(await world.claimReady()).toHaveLength(1);
      expect(await world.rooms()).toEqual([0]);
    });
  });
}

function describePools(name: string, open: OpenStore): void {
  describe(`${name}: pools (P9)`, () => {
    test("are set, listed and deleted; a limit below what is in use lets nothing start", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      expect(await store.write.poolSet({ name: "p", limit: 5 })).toEqual({
        pool: { name: "p", limit: 5, inUse: 0 },
        created: true,
      });
      await world.submitPlaced(wide(4), { limits: [pool("p", 2)] });
      const refs = await world.claimReady();
      expect(refs).toHaveLength(2);
      expect(await store.read.poolsList()).toEqual([{ name: "p", limit: 5, inUse: 4 }]);
      expect((await store.write.poolSet({ name: "p", limit: 3 })).pool.inUse).toBe(4);
      await world.worker("w").finish(refs[0] as never);
      expect(await world.claimReady()).toEqual([]);
      await store.write.poolSet({ name: "p", limit: 4 });
      expect(await world.claimReady()).toHaveLength(1);
    });

    test("one that a step needs is not deleted; one that is gone gives nothing", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      await store.write.poolSet({ name: "p", limit: 1 });
      const run = await world.submitPlaced(wide(1), { limits: [pool("p")] });
      await expect(store.write.poolDelete({ name: "p" })).rejects.toMatchObject({ code: "pool_in_use" });
      await store.write.runCancel({ id: run, now: world.now });
      await store.write.poolDelete({ name: "p" });
      await expect(store.write.poolDelete({ name: "p" })).rejects.toMatchObject({ code: "unknown_pool" });
      expect(await store.read.poolsList()).toEqual([]);
      await world.submitPlaced(wide(1), { limits: [pool("p")] });
      expect(await world.rooms()).toEqual([0]);
      expect(await world.claimReady()).toEqual([]);
      expect((await store.write.poolSet({ name: "p", limit: 1 })).created).toBe(true);
      expect(await world.claimReady()).toHaveLength(1);
    });

    test("a step takes of all that it names, or of nothing", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      await store.write.poolSet({ name: "p", limit: 9 });
      await world.submitPlaced(wide(2), { limits: [key("k", 1), pool("p", 3)] });
      expect(await world.claimReady()).toHaveLength(1);
      expect(await store.read.poolsList()).toEqual([{ name: "p", limit: 9, inUse: 3 }]);
    });
  });
}

function describeWhy(name: string, open: OpenStore): void {
  describe(`${name}: what is known of steps that wait`, () => {
    test("what is before them, what is full, and by whom", async () => {
      await using store = await open();
      const world = new PlacementWorld(store);
      const limits = [key("k", 1)];
      const first = await world.submitPlaced(wide(1), { limits });
      await world.claimReady();
      const run = await world.submitPlaced(dag(step("a"), step("b", ["a"])), { limits }, { priority: 5 });
      const facts = await store.read.stepsWhy({ runId: run, limit: 10 });
      expect(facts.get(0)).toMatchObject({
        phase: "ready",
        behind: [],
        limits: [{ state: { inUse: 1 }, holders: [{ runId: first, stepId: "s0" }] }],
      });
      expect(facts.get(1)).toMatchObject({
        phase: "waiting",
        behind: [{ id: "a", phase: "ready" }],
        queue: { priority: 5, limits: [] },
      });
      const [one] = (await store.read.stepsWhy({ runId: first, stepId: "s0", limit: 1 })).values();
      expect(one).toMatchObject({ phase: "leased" });
      await expect(store.read.stepsWhy({ runId: run, stepId: "x", limit: 1 })).rejects.toMatchObject({
        code: "unknown_step",
      });
    });
  });
}
