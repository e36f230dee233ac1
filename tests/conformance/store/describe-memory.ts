/** The promises of memory (P8): what a step that succeeded asked for, once, in order, and nothing lost. */

import {
  dagScope,
  type MemoryChange,
  type MemoryOperation,
  parseDigest,
  parseMemoryScopeName,
  type RunId,
} from "@haversack/protocol";
import { noteDigest } from "@haversack/snapshot";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, type TestWorker, World } from "./store-world.ts";

const scope = dagScope("test");
const global = parseMemoryScopeName("global");

let lastId = 0;
const operation = (change: MemoryChange, more: Partial<MemoryOperation> = {}): MemoryOperation => ({
  id: `op-${String(++lastId).padStart(6, "0")}`,
  scope: "dag",
  change,
  untrusted: false,
  ...more,
});
const add = (text: string, more: Partial<MemoryOperation> = {}) => operation({ kind: "add", text }, more);
const update = (entry: string, seen: string, text: string) =>
  operation({ kind: "update", entry, base: parseDigest(noteDigest(seen)), text });
const remove = (entry: string, seen: string) =>
  operation({ kind: "remove", entry, base: parseDigest(noteDigest(seen)) });

class MemoryWorld extends World {
  async remember(worker: TestWorker, ...memory: MemoryOperation[]): Promise<RunId> {
    const run = await this.submitWriter();
    expect(await worker.finish(await worker.claim(run, "a"), { memory })).toBe(undefined);
    return run;
  }

  async texts(name = scope): Promise<string[]> {
    const [state] = await this.store.read.memoryRead({ scopes: [name] });
    return (state?.entries ?? []).map(({ text }) => text);
  }

  async reviews() {
    return (await this.store.read.memoryReviews({ after: 0, limit: 500 })).reviews;
  }

  async versions() {
    return await this.store.read.memoryVersions({ scope, limit: 500 });
  }
}

export function describeMemory(name: string, open: OpenStore): void {
  describeNoting(name, open);
  describeRights(name, open);
  describeRaces(name, open);
  describePeople(name, open);
  describeFold(name, open);
}

function describeNoting(name: string, open: OpenStore): void {
  describe(`${name}: what a step notes down`, () => {
    test("is there for the next reader when the step succeeded, as one version", async () => {
      await using store = await open();
      const world = new MemoryWorld(store);
      const run = await world.remember(
        world.worker("w"),
        add("one"),
        add("two"),
        add("all", { scope: "global" }),
      );
      expect(await world.texts()).toEqual(["one", "two"]);
      expect(await world.texts(global)).toEqual(["all"]);
      expect(await world.versions()).toMatchObject([
        {
          version: 1,
          cause: { kind: "step", runId: run, stepId: "a" },
          edits: [{ after: "one" }, { after: "two" }],
        },
      ]);
      expect((await store.read.runRead({ id: run })).steps[0]?.memory).toEqual({ applied: 3, inReview: 0 });
    });

    test("counts for nothing while the step has not succeeded, and once when a retry does", async () => {
      await using store = await open();
      const world = new MemoryWorld(store);
      const retry = { limit: 1, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } as const;
      const memoryWrite = { global: "none", dag: "append" } as const;
      const run = await world.submit(dag(step("a", [], { retry })), undefined, "body", { memoryWrite });
      const worker = world.worker("w");
      const first = await worker.claim(run, "a");
      await worker.finish(first, { outcome: "failed", exitCode: 1, memory: [add("of a failed attempt")] });
      expect(await world.texts()).toEqual([]);
      await worker.finish(await worker.claim(run, "a"), { memory: [add("of the retry")] });
      expect(await world.texts()).toEqual(["of the retry"]);
      expect(await world.reviews()).toEqual([]);
    });

    test("counts once, however often the result comes", async () => {
      await using store = await open();
      const world = new MemoryWorld(store);
      const worker = world.worker("w");
      const run = await world.submitWriter();
      const ref = await worker.claim(run, "a");
      const one = add("one");
      const result = { memory: [one, one] };
      const answers = await Promise.all([worker.finish(ref, result), worker.finish(ref, result)]);
      expect([...answers, await worker.finish(ref, result)]).toEqual([undefined, undefined, undefined]);
      expect(await world.texts()).toEqual(["one"]);
      expect(await world.versions()).toHaveLength(1);
    });
  });
}

function describeRights(name: string, open: OpenStore): void {
  describe(`${name}: what a step may not note down`, () => {
    test("from an attempt that was given up counts for nothing", async () => {
      await using store = await open();
      const world = new MemoryWorld(store);
      const [lost, next] = [world.worker("lost"), world.worker("next")];
      const run = await world.submitWriter();
      const ref = await lost.claim(run, "a");
      world.now += 60_000;
      await world.expire();
      expect(await lost.finish(ref, { memory: [add("too late")] })).toMatchObject({ reason: "expired" });
      await next.finish(await next.claim(run, "a"), { memory: [add("in time")] });
      expect(await world.texts()).toEqual(["in time"]);
    });

    test("goes to review where the step may not write, or may only propose", async () => {
      await using store = await open();
      const world = new MemoryWorld(store);
      const worker = world.worker("w");
      const run = await world.submitWriter({ memoryWrite: { global: "propose", dag: "none" } });
      await worker.finish(await worker.claim(run, "a"), {
        memory: [add("x"), add("y", { scope: "global" })],
      });
      expect((await world.reviews()).map(({ scope, reason }) => [scope, reason])).toEqual([
        ["global", "proposed"],
        ["dags/test", "not-writable"],
      ]);
      expect((await store.read.runRead({ id: run })).steps[0]?.memory).toEqual({ applied: 0, inReview: 2 });
    });
  });
}

function describeRaces(name: string, open: OpenStore): void {
  describe(`${name}: two runs at once`, () => {
    test("both add: both are there; the same fact is there once", async () => {
      await using store = await open();
      const world = new MemoryWorld(store);
      const workers = Array.from({ length: 10 }, (_, index) => world.worker(`w${index}`));
      await Promise.all(
        workers.map((worker, index) => world.remember(worker, add(`fact ${index}`), add("common"))),
      );
      const texts = await world.texts();
      expect(texts.toSorted()).toEqual(["common", ...workers.map((_, index) => `fact ${index}`)].toSorted());
      expect((await world.versions()).map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(
        workers.map((_, index) => index + 1),
      );
    });

    test("both rewrite one entry: the first wins, the other waits for a person with both texts", async () => {
      await using store = await open();
      const world = new MemoryWorld(store);
      const worker = world.worker("w");
      const fact = add("Java 17");
      await world.remember(worker, fact);
      await world.remember(worker, update(fact.id, "Java 17", "Java 21"));
      const run = await world.remember(worker, update(fact.id, "Java 17", "Java 18"));
      expect(await world.texts()).toEqual(["Java 21"]);
      expect(await world.reviews()).toMatchObject([
        { runId: run, reason: "conflict", current: "Java 21", operation: { change: { text: "Java 18" } } },
      ]);
    });
  });
}

async function withConflict(store: Awaited<ReturnType<OpenStore>>) {
  const world = new MemoryWorld(store);
  const worker = world.worker("w");
  const fact = add("old");
  await world.remember(worker, fact);
  await world.remember(worker, update(fact.id, "old", "new"));
  await world.remember(worker, update(fact.id, "old", "other"));
  const [review] = await world.reviews();
  if (review === undefined) throw new Error("no review");
  return { world, worker, fact, review };
}

function describePeople(name: string, open: OpenStore): void {
  describe(`${name}: a person`, () => {
    test("accepts: the text is replaced, as a version of its own, and nothing waits any more", async () => {
      await using store = await open();
      const { world, review } = await withConflict(store);
      const { id } = review;
      const accepted = { id, decision: "accept", current: "new", now: 5 } as const;
      expect(await store.write.memoryResolve(accepted)).toBe(3);
      expect(await world.texts()).toEqual(["other"]);
      expect((await world.versions())[0]).toMatchObject({ cause: { kind: "review", runId: review.runId } });
      expect(await world.reviews()).toEqual([]);
      await expect(store.write.memoryResolve(accepted)).rejects.toMatchObject({ code: "resolved_before" });
    });

    test("is told when the entry changed since it was read", async () => {
      await using store = await open();
      const { world, worker, fact, review } = await withConflict(store);
      await world.remember(worker, update(fact.id, "new", "newest"));
      const { id } = review;
      const accepted = { id, decision: "accept", current: "new", now: 5 } as const;
      await expect(store.write.memoryResolve(accepted)).rejects.toMatchObject({ code: "entry_changed" });
      expect(await world.texts()).toEqual(["newest"]);
      expect(await world.reviews()).toHaveLength(1);
    });

    test("dismisses: nothing changes, and what was asked for stays on record", async () => {
      await using store = await open();
      const { world, review } = await withConflict(store);
      expect(await store.write.memoryResolve({ id: review.id, decision: "dismiss", now: 5 })).toBe(2);
      expect([await world.texts(), await world.reviews()]).toEqual([["new"], []]);
      const again = { id: review.id, decision: "accept", current: "new", now: 5 } as const;
      await expect(store.write.memoryResolve(again)).rejects.toThrow("is dismissed already");
    });

    test("cannot accept a secret, whose text is in no table", async () => {
      await using store = await open();
      const world = new MemoryWorld(store);
      await world.remember(world.worker("w"), add(`sk-ant-${"a1".repeat(12)}`));
      const [review] = await world.reviews();
      expect(review).toMatchObject({ reason: "secret", operation: { change: { text: "" } } });
      const accepted = { id: review?.id ?? "", decision: "accept", now: 5 } as const;
      await expect(store.write.memoryResolve(accepted)).rejects.toMatchObject({ code: "not_acceptable" });
    });

    test("goes back to an earlier version, which is a new one", async () => {
      await using store = await open();
      const { world } = await withConflict(store);
      expect(await store.write.memoryRevert({ scope, version: 1, now: 5 })).toBe(3);
      expect(await world.texts()).toEqual(["old"]);
      expect(await store.write.memoryRevert({ scope, version: 1, now: 5 })).toBe(3);
      expect(await store.write.memoryRevert({ scope, version: 0, now: 5 })).toBe(4);
      expect(await world.texts()).toEqual([]);
      await expect(store.write.memoryRevert({ scope, version: 9, now: 5 })).rejects.toThrow(
        "memory dags/test has no version 9; its newest is 4",
      );
    });

    test("names what is not there", async () => {
      await using store = await open();
      for (const id of ["x", "r/s/o", "r/s/o/p"]) {
        const resolution = { id, decision: "dismiss", now: 5 } as const;
        await expect(store.write.memoryResolve(resolution)).rejects.toMatchObject({ code: "unknown_review" });
      }
    });
  });
}

function describeFold(name: string, open: OpenStore): void {
  test(`${name}: memory is the fold of its versions, and every operation is somewhere`, async () => {
    await using store = await open();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(kind, fc.nat(5), word), { maxLength: 12 }), async (asked) => {
        const world = new MemoryWorld(store);
        const worker = world.worker("w");
        const before = (await world.reviews()).length;
        const [{ entries: seen } = { entries: [] }] = await store.read.memoryRead({ scopes: [scope] });
        const operations = asked.map(([kind, index, text]) => {
          const entry = seen[index % Math.max(1, seen.length)];
          if (kind === "add" || entry === undefined) return add(text);
          return kind === "update" ? update(entry.id, entry.text, text) : remove(entry.id, entry.text);
        });
        const run = await world.remember(worker, ...operations);
        const [now] = await store.read.memoryRead({ scopes: [scope] });
        const version = now?.version ?? 0;
        const replayed = await store.read.memoryAt({ scope, version });
        expect(replayed).toEqual(now);
        const counts = (await store.read.runRead({ id: run })).steps[0]?.memory ?? {
          applied: 0,
          inReview: 0,
        };
        expect(counts.applied + counts.inReview).toBe(operations.length);
        expect((await world.reviews()).length - before).toBe(counts.inReview);
        // From nothing, by edits alone.
        if (version > 0) await store.write.memoryRevert({ scope, version: version - 1, now: 1 });
        const back = await store.write.memoryRevert({ scope, version, now: 1 });
        expect(await store.read.memoryAt({ scope, version: back })).toMatchObject({ digest: now?.digest });
      }),
      { numRuns: 30 },
    );
  });
}

const kind = fc.constantFrom("add", "update", "remove");
const word = fc.stringMatching(/^[a-z]{1,3}$/);
