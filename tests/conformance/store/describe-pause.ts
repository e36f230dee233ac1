/** Runs that are held up: they start nothing further, what runs goes on, and other runs notice nothing. */

import type { RunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { Store } from "../../../packages/coordinator/src/store/store.ts";
import { human, say } from "./describe-approvals.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, World, withHandlers } from "./store-world.ts";

const hourMs = 3_600_000;

/** What its watchers heard of the run itself. */
async function told(store: Store, id: RunId): Promise<string> {
  const { events } = await store.read.runEvents({ id, afterSeq: 0, limit: 100 });
  const changes = events.flatMap(({ change }) => (change.kind === "run" ? [change] : []));
  return changes.map(({ status, paused }) => (paused === true ? `${status} paused` : status)).join(", ");
}

export function describePause(name: string, open: OpenStore): void {
  describe(`${name}: pausing a run`, () => {
    test("hands out no further step, lets live ones end, and goes on with the resume", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a"), step("b"), step("c", ["a"])));
      const other = await world.submit(dag(step("z")));
      const live = await worker.claim(run, "a");
      expect(await world.pause(run, "disk")).toBe(true);
      expect(await world.pause(run, "again")).toBe(false);
      expect(await world.ready()).toEqual(["z"]);
      expect(await worker.tryClaim(run, "b")).toBeUndefined();
      expect((await store.read.runRead({ id: run })).paused).toEqual({ at: world.now, reason: "disk" });
      expect((await worker.renew(live)).cancelled).toEqual([]);
      await worker.finish(live);
      expect(await world.phases(run)).toBe("running: a=succeeded b=ready c=ready");
      expect(await worker.tryClaim(run, "c")).toBeUndefined();
      expect(await world.ready()).toEqual(["z"]);
      expect(await world.resume(run)).toBe(true);
      expect(await world.resume(run)).toBe(false);
      expect(await world.ready()).toEqual(["b", "c", "z"]);
      await worker.finish(await worker.claim(run, "b"));
      await worker.finish(await worker.claim(run, "c"));
      expect(await world.phases(run)).toBe("succeeded: a=succeeded b=succeeded c=succeeded");
      expect(await world.phases(other)).toBe("queued: z=ready");
      expect(await told(store, run)).toBe("queued, running, running paused, running, succeeded");
    });

    test("holds retries, lost attempts and what a worker hands back as well", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const retry = { limit: 5, backoff: "fixed", delayMs: 1000, maxDelayMs: 1000 } as const;
      const run = await world.submit(dag(step("a", [], { retry }), step("b"), step("c")));
      const [a, b] = [await worker.claim(run, "a"), await worker.claim(run, "b")];
      await worker.claim(run, "c");
      await world.pause(run);
      await worker.fail(a);
      await worker.finish(b, { outcome: "returned" });
      world.now += hourMs;
      await world.expire();
      expect(await world.phases(run)).toBe("running: a=ready b=ready c=ready");
      expect(await world.ready()).toEqual([]);
      const { queues, nextDue } = await store.read.queuesLook({ after: 0, limit: 1 });
      expect([queues, nextDue]).toEqual([[], undefined]);
      await world.resume(run);
      expect(await world.ready()).toEqual(["a", "b", "c"]);
    });
  });

  describeAround(name, open);
  describeEndOfPause(name, open);
}

function describeAround(name: string, open: OpenStore): void {
  describe(`${name}: around a pause`, () => {
    test("whoever asks for one too late is told so", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a")));
      await worker.finish(await worker.claim(run, "a"));
      await expect(world.pause(run)).rejects.toMatchObject({ fault: "conflict", code: "run_not_running" });
      expect(await world.resume(run)).toBe(false);
      const other = await world.submit(dag(step("a")));
      await worker.claim(other, "a");
      await store.write.runCancel({ id: other, now: world.now });
      await expect(world.pause(other)).rejects.toThrow("was told to cancel");
    });

    test("people are asked, and may answer; what comes after the answer waits", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a"), human("ask", ["a"]), step("b", ["ask"])));
      const live = await worker.claim(run, "a");
      await world.pause(run);
      await worker.finish(live);
      expect(await world.phases(run)).toBe("running: a=succeeded ask=suspended b=waiting");
      await say(world, run, "ask");
      expect(await world.phases(run)).toBe("running: a=succeeded ask=succeeded b=ready");
      expect(await world.ready()).toEqual([]);
      await world.resume(run);
      expect(await world.ready()).toEqual(["b"]);
    });

    test("is not paused any more once it has ended", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a")));
      const live = await worker.claim(run, "a");
      await world.pause(run);
      await worker.finish(live);
      expect(await world.phases(run)).toBe("succeeded: a=succeeded");
      expect((await store.read.runRead({ id: run })).paused).toBeUndefined();
    });
  });
}

function describeEndOfPause(name: string, open: OpenStore): void {
  const handled = () =>
    withHandlers(dag(step("a"), step("b")), {
      onFailure: [step("bad")],
      onCancel: [step("gone")],
      onExit: [step("exit")],
    });

  describe(`${name}: a paused run that has to end`, () => {
    test("is cancelled, and its handlers come: the pause is over", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(handled());
      const live = await worker.claim(run, "a");
      await world.pause(run);
      await store.write.runCancel({ id: run, now: world.now });
      expect((await store.read.runRead({ id: run })).paused).toBeUndefined();
      await worker.finish(live, { outcome: "cancelled" });
      expect(await world.ready()).toEqual(["gone"]);
      await worker.finish(await worker.claim(run, "gone"));
      await worker.finish(await worker.claim(run, "exit"));
      expect((await store.read.runRead({ id: run })).status).toBe("cancelled");
    });

    test("is cancelled between its steps and its handlers too", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(withHandlers(dag(step("a")), { onExit: [step("exit")] }));
      const live = await worker.claim(run, "a");
      await world.pause(run);
      await worker.finish(live);
      expect(await world.phases(run)).toBe("running: a=succeeded exit=ready");
      expect(await world.ready()).toEqual([]);
      await store.write.runCancel({ id: run, now: world.now });
      expect(await world.ready()).toEqual(["exit"]);
    });

    test("runs out of time, and its handlers come: the pause is over", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit({ ...handled(), timeoutMs: hourMs });
      const live = await worker.claim(run, "a");
      await world.pause(run);
      world.now += hourMs;
      await world.sweep();
      await worker.finish(live, { outcome: "cancelled" });
      expect((await store.read.runRead({ id: run })).paused).toBeUndefined();
      expect(await world.ready()).toEqual(["bad"]);
    });

    test("its steps run out of time in the queue as well", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(dag(step("a", [], { queueTimeoutMs: hourMs })));
      await world.pause(run);
      world.now += hourMs;
      expect(await world.sweep()).toEqual([`queue ${run}`]);
      expect(await world.phases(run)).toBe("failed: a=failed");
    });
  });
}
