/** Time limits of runs and of queues: found when they are due, served once, by whoever comes first. */

import { describe, expect, test } from "vitest";
import { human, say } from "./describe-approvals.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, World, withHandlers } from "./store-world.ts";

const hourMs = 3_600_000;

export function describeDeadlines(name: string, open: OpenStore): void {
  describe(`${name}: the time of a run`, () => {
    test("begins with its first step, and when it is over the run fails with all that had not ended", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit({ ...dag(step("a"), step("b"), step("c", ["a"])), timeoutMs: hourMs });
      world.now += 2 * hourMs;
      expect(await world.sweep()).toEqual([]);
      const live = await worker.claim(run, "a");
      expect((await store.read.runRead({ id: run })).dueAt).toBe(world.now + hourMs);
      world.now += hourMs - 1;
      expect(await world.sweep()).toEqual([]);
      world.now += 1;
      expect(await world.sweep()).toEqual([`run ${run}`, `cancel a#${live.attempt}`]);
      expect(await world.phases(run)).toBe("running: a=leased b=cancelled c=cancelled");
      expect((await worker.renew(live)).cancelled).toEqual([live]);
      await worker.finish(live, { outcome: "cancelled" });
      expect(await world.phases(run)).toBe("failed: a=cancelled b=cancelled c=cancelled");
      const { failure, dueAt } = await store.read.runRead({ id: run });
      expect(failure).toEqual({
        code: "run_timeout",
        message: "its steps had not ended after 1h00m, the timeout of the DAG",
      });
      expect(dueAt).toBeUndefined();
    });

    test("ends a run that only waits for a person", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit({ ...dag(human("ask"), step("b", ["ask"])), timeoutMs: hourMs });
      world.now += hourMs;
      expect(await world.sweep()).toEqual([`run ${run}`]);
      expect(await world.phases(run)).toBe("failed: ask=cancelled b=cancelled");
      await expect(say(world, run, "ask")).rejects.toThrow("it was cancelled");
    });

    test("changes nothing when the last result was on its way", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit({ ...dag(step("a")), timeoutMs: hourMs });
      const live = await worker.claim(run, "a");
      world.now += hourMs;
      expect(await world.sweep()).toHaveLength(2);
      await worker.finish(live);
      expect(await world.phases(run)).toBe("succeeded: a=succeeded");
    });
  });

  describeTimeAndEnds(name, open);
  describeHandlersTime(name, open);
  describeQueue(name, open);
  describeDue(name, open);
}

function describeTimeAndEnds(name: string, open: OpenStore): void {
  describe(`${name}: the time of a run and other ends`, () => {
    test("does not retry what it ends, nor hand out what is lost", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const retry = { limit: 5, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } as const;
      const run = await world.submit({ ...dag(step("a", [], { retry }), step("b")), timeoutMs: hourMs });
      const a = await worker.claim(run, "a");
      await worker.claim(run, "b");
      world.now += hourMs;
      await world.sweep();
      await worker.fail(a);
      await world.expire();
      expect(await world.phases(run)).toBe("failed: a=cancelled b=cancelled");
    });

    test("is over for good once the steps have ended, and a cancel in between stays a cancel", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit({ ...dag(step("a")), timeoutMs: hourMs });
      await worker.finish(await worker.claim(run, "a"));
      const other = await world.submit({ ...dag(step("a")), timeoutMs: hourMs });
      const live = await worker.claim(other, "a");
      await store.write.runCancel({ id: other, now: world.now });
      world.now += hourMs;
      // Its workers are told once more; nothing else happens.
      expect(await world.sweep()).toEqual([`run ${other}`, `cancel a#${live.attempt}`]);
      await worker.finish(live, { outcome: "cancelled" });
      expect(await world.phases(run)).toBe("succeeded: a=succeeded");
      expect(await world.phases(other)).toBe("cancelled: a=cancelled");
      expect((await store.read.deadlinesDue({ now: world.now, limit: 10 })).due).toEqual([]);
    });
  });
}

const withAllHandlers = () => ({
  ...withHandlers(dag(step("a"), step("b", ["a"])), {
    onSuccess: [step("good")],
    onFailure: [step("bad", [], { env: { WHY: "${{ run.error }}" } }), step("worse")],
    onExit: [step("exit")],
  }),
  timeoutMs: hourMs,
});

function describeHandlersTime(name: string, open: OpenStore): void {
  describe(`${name}: the time of handlers`, () => {
    test("a run whose time is over starts onFailure and onExit, which know why", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(withAllHandlers());
      const live = await worker.claim(run, "a");
      world.now += hourMs;
      await world.sweep();
      await worker.finish(live, { outcome: "cancelled" });
      expect(await world.phases(run)).toBe(
        "running: a=cancelled b=cancelled good=skipped bad=ready worse=ready exit=waiting",
      );
      const claimed = await worker.tryClaim(run, "bad");
      expect(claimed?.data.run).toMatchObject({
        status: "failed",
        error: "its steps had not ended after 1h00m, the timeout of the DAG",
      });
      const { runId, stepId, attempt, generation } = claimed ?? expect.fail("not claimed");
      const bad = { runId, stepId, attempt, generation };
      expect((await worker.renew(bad)).cancelled).toEqual([]);
      await worker.finish(bad);
      await worker.finish(await worker.claim(run, "worse"));
      await worker.finish(await worker.claim(run, "exit"));
      const ended = await store.read.runRead({ id: run });
      expect([ended.status, ended.failure?.code]).toEqual(["failed", "run_timeout"]);
    });

    test("is as long once more, however the steps ended; then the run ends as they did", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(withAllHandlers());
      await worker.finish(await worker.claim(run, "a"));
      world.now += hourMs / 2;
      await worker.finish(await worker.claim(run, "b"));
      expect((await store.read.runRead({ id: run })).dueAt).toBe(world.now + hourMs);
      const live = await worker.claim(run, "good");
      world.now += hourMs;
      expect(await world.sweep()).toEqual([`run ${run}`, `cancel good#${live.attempt}`]);
      expect((await worker.renew(live)).cancelled).toEqual([live]);
      await worker.finish(live, { outcome: "cancelled" });
      expect(await world.phases(run)).toBe(
        "succeeded: a=succeeded b=succeeded good=cancelled bad=skipped worse=skipped exit=skipped",
      );
    });

    test("ends handlers that nobody has taken at once, those after a cancel too", async () => {
      await using store = await open();
      const world = new World(store);
      const run = await world.submit(withAllHandlers());
      await store.write.runCancel({ id: run, now: world.now });
      expect(await world.phases(run)).toBe(
        "queued: a=cancelled b=cancelled good=skipped bad=skipped worse=skipped exit=ready",
      );
      world.now += hourMs;
      expect(await world.sweep()).toEqual([`run ${run}`]);
      expect(await world.phases(run)).toBe(
        "cancelled: a=cancelled b=cancelled good=skipped bad=skipped worse=skipped exit=cancelled",
      );
    });
  });
}

function describeQueue(name: string, open: OpenStore): void {
  describe(`${name}: the time in the queue`, () => {
    test("a step that no worker takes in time fails, without an attempt and without a retry", async () => {
      await using store = await open();
      const world = new World(store);
      const retry = { limit: 5, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } as const;
      const run = await world.submit(dag(step("a", [], { queueTimeoutMs: hourMs, retry }), step("b", ["a"])));
      const excused = { queueTimeoutMs: hourMs, continueOnError: true } as const;
      const other = await world.submit(dag(step("a", [], excused), step("b", ["a"])));
      world.now += hourMs - 1;
      expect(await world.sweep()).toEqual([]);
      world.now += 1;
      expect((await world.sweep()).toSorted()).toEqual([`queue ${run}`, `queue ${other}`].toSorted());
      expect(await world.phases(run)).toBe("failed: a=failed b=blocked");
      expect(await world.phases(other)).toBe("queued: a=failed b=ready");
      const [a] = (await store.read.runRead({ id: run })).steps;
      expect(a).toMatchObject({ attempt: 0, failure: { code: "queue_timeout" } });
      expect(a?.failure?.message).toContain("no worker took it within 1h00m");
    });

    test("ends when a worker takes the step, and begins anew when it is ready again; a delay does not count", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const retry = { limit: 1, backoff: "fixed", delayMs: hourMs, maxDelayMs: hourMs } as const;
      const run = await world.submit(dag(step("a"), step("b", ["a"], { queueTimeoutMs: hourMs, retry })));
      world.now += 5 * hourMs;
      await worker.finish(await worker.claim(run, "a"));
      world.now += hourMs - 1;
      const first = await worker.claim(run, "b");
      world.now += 1;
      expect(await world.sweep()).toEqual([]);
      await worker.fail(first);
      world.now += 2 * hourMs - 1;
      expect(await world.sweep()).toEqual([]);
      world.now += 1;
      expect(await world.sweep()).toEqual([`queue ${run}`]);
      const [, b] = (await store.read.runRead({ id: run })).steps;
      expect(b).toMatchObject({ phase: "failed", attempt: 1, failure: { code: "queue_timeout" } });
    });
  });
}

function describeDue(name: string, open: OpenStore): void {
  describe(`${name}: what is due`, () => {
    test("is found a bounded number at a time, the most urgent first, with the next that comes", async () => {
      await using store = await open();
      const world = new World(store);
      const steps = [3, 1, 2].map((hours) => step(`h${hours}`, [], { queueTimeoutMs: hours * hourMs }));
      const run = await world.submit(dag(...steps));
      const begin = world.now;
      const at = (hours: number, limit: number) =>
        store.read.deadlinesDue({ now: begin + hours * hourMs, limit });
      expect(await at(0, 10)).toEqual({ due: [], next: begin + hourMs });
      const two = await at(2, 1);
      expect(two.due.map(({ index, kind, runId }) => [index, kind, runId])).toEqual([[1, "queue", run]]);
      expect((await at(2, 10)).due.map(({ index }) => index)).toEqual([1, 2]);
      expect((await at(2, 10)).next).toBe(begin + 3 * hourMs);
      expect((await at(3, 10)).next).toBeUndefined();
    });

    test("of two that serve it at once, and of one that found it before it began anew, one ends the step", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      const run = await world.submit(dag(step("a", [], { queueTimeoutMs: hourMs }), step("b")));
      world.now += hourMs;
      const { due } = await store.read.deadlinesDue({ now: world.now, limit: 10 });
      const [deadline = expect.fail("nothing is due")] = due;
      const ref = await worker.claim(run, "a");
      await store.write.deadlineServe({ ...deadline, now: world.now });
      expect(await world.phases(run)).toBe("running: a=leased b=ready");
      await worker.finish(ref, { outcome: "returned" });
      await store.write.deadlineServe({ ...deadline, now: world.now });
      expect(await world.phases(run)).toBe("running: a=ready b=ready");
      world.now += hourMs;
      const [again = expect.fail("nothing is due")] = (
        await store.read.deadlinesDue({ now: world.now, limit: 10 })
      ).due;
      await Promise.all([1, 2].map(() => store.write.deadlineServe({ ...again, now: world.now })));
      expect(await world.phases(run)).toBe("running: a=failed b=ready");
    });
  });
}
