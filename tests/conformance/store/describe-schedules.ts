/** Stored DAGs, their schedules and ticks. Every engine runs this suite. */

import { systemRandom } from "@haversack/base";
import { parseDigest, parseRunId, type RunId, type ScheduleSpec } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { Store } from "../../../packages/coordinator/src/store/store.ts";
import type { OpenStore } from "./describe-store.ts";
import { dag, step, World } from "./store-world.ts";

const digest = (letter: string) => parseDigest(`sha256:${letter.repeat(64)}`);
const spec = (cron: string, more: Partial<ScheduleSpec> = {}): ScheduleSpec => ({
  cron,
  timezone: "UTC",
  catchUp: "none",
  overlap: "skip",
  params: {},
  ...more,
});

async function put(store: Store, letter: string, now: number, ...schedules: ScheduleSpec[]) {
  const text = {
    digest: digest(letter),
    source: `name: test # ${letter}`,
    dotenv: { ".env": "A=1" },
    fileName: "test.yaml",
  };
  return await store.write.dagPut({ name: "test", ...text, schedules, now });
}

/** A run of `test` for a time of its schedule. */
async function start(store: Store, key: string, due: number, index = 0): Promise<RunId> {
  const steps = dag(step("a"));
  const { runId } = await store.write.runSubmit({
    id: parseRunId(systemRandom.id()),
    dagDigest: digest("d"),
    dag: steps,
    source: "",
    params: {},
    idempotencyKey: key,
    bodyDigest: digest("b"),
    trigger: { kind: "schedule", schedule: index, due },
    now: due,
    steps: [{ labels: {} }],
    packs: [],
  });
  return runId;
}

const handled = async (store: Store) =>
  (await store.read.schedulesList({ dagName: "test" })).map((each) => each.handled);
const outcomes = async (store: Store, index = 0) =>
  (await store.read.ticksList({ dagName: "test", index, limit: 1000 })).map(({ due, outcome }) => [
    due,
    outcome,
  ]);

export function describeSchedules(name: string, open: OpenStore): void {
  describeStoredDags(name, open);
  describeHandling(name, open);
  describeTicks(name, open);
  describeTriggers(name, open);
}

function describeStoredDags(name: string, open: OpenStore): void {
  describe(`${name}: stored DAGs`, () => {
    test("are kept by name, word for word; the same text changes nothing", async () => {
      await using store = await open();
      expect(await put(store, "a", 100, spec("@daily"))).toEqual({ changed: true });
      expect(await put(store, "a", 200, spec("@hourly"))).toEqual({ changed: false });
      const info = { name: "test", digest: digest("a"), fileName: "test.yaml", putAt: 100, schedules: 1 };
      expect(await store.read.dagsList()).toEqual([info]);
      const whole = { ...info, source: "name: test # a", dotenv: { ".env": "A=1" } };
      expect(await store.read.dagRead({ name: "test" })).toEqual(whole);
      expect(await put(store, "b", 300)).toEqual({ changed: true });
      expect(await store.read.dagsList()).toMatchObject([{ digest: digest("b"), putAt: 300, schedules: 0 }]);
    });

    test("that are not there are told by name", async () => {
      await using store = await open();
      const missing = { fault: "missing", code: "unknown_dag" };
      await expect(store.read.dagRead({ name: "nightly" })).rejects.toMatchObject(missing);
      await expect(store.write.dagDelete({ name: "nightly" })).rejects.toMatchObject(missing);
    });

    test("go with their schedules and ticks; their runs stay", async () => {
      await using store = await open();
      await put(store, "a", 100, spec("@daily"));
      const run = await start(store, "k", 150);
      await store.write.dagDelete({ name: "test" });
      expect([await store.read.dagsList(), await handled(store), await outcomes(store)]).toEqual([
        [],
        [],
        [],
      ]);
      expect((await store.read.runRead({ id: run })).trigger).toEqual({
        kind: "schedule",
        schedule: 0,
        due: 150,
      });
    });

    test("a new text: a schedule that is the same goes on, another one counts from now", async () => {
      await using store = await open();
      await put(store, "a", 100, spec("@daily"), spec("@hourly"), spec("@weekly"));
      await store.write.schedulePause({ dagName: "test", index: 1, note: "why", now: 110 });
      await start(store, "k", 150, 2);
      await put(store, "b", 200, spec("@daily"), spec("@hourly", { timezone: "Europe/Berlin" }));
      expect(await handled(store)).toEqual([100, 200]);
      const [, second] = await store.read.schedulesList({ dagName: "test" });
      expect(second).toMatchObject({ spec: { timezone: "Europe/Berlin" }, paused: { at: 110, note: "why" } });
      expect(await outcomes(store, 2)).toEqual([]);
    });
  });
}

function describeHandling(name: string, open: OpenStore): void {
  describe(`${name}: schedules`, () => {
    test("move on from where they were read, for one of two that look at once", async () => {
      await using store = await open();
      await put(store, "a", 100, spec("@daily"));
      const key = { dagName: "test", index: 0, now: 1, ticks: [] };
      await store.write.scheduleDecide({ ...key, handled: { from: 100, to: 300 } });
      await store.write.scheduleDecide({ ...key, handled: { from: 100, to: 200 } });
      expect(await handled(store)).toEqual([300]);
    });

    test("pause with a reason, once, and resume from now on", async () => {
      await using store = await open();
      await put(store, "a", 100, spec("@daily"), spec("@hourly"));
      const all = { dagName: "test" };
      expect(await store.write.schedulePause({ ...all, index: 1, note: "broken", now: 150 })).toBe(1);
      expect(await store.write.schedulePause({ ...all, note: "all", now: 160 })).toBe(1);
      expect((await store.read.schedulesList(all)).map(({ paused }) => paused)).toEqual([
        { at: 160, note: "all" },
        { at: 150, note: "broken" },
      ]);
      expect(await store.write.scheduleResume({ ...all, index: 0, now: 500 })).toBe(1);
      expect(await store.write.scheduleResume({ ...all, index: 0, now: 600 })).toBe(0);
      expect(await handled(store)).toEqual([500, 100]);
      const missing = { code: "unknown_schedule" };
      await expect(store.write.schedulePause({ ...all, index: 2, note: "", now: 1 })).rejects.toMatchObject(
        missing,
      );
      await expect(store.write.scheduleResume({ dagName: "x", now: 1 })).rejects.toMatchObject(missing);
    });

    test("tell what they have under way, by time", async () => {
      await using store = await open();
      const world = new World(store);
      await put(store, "a", 100, spec("@daily"), spec("@hourly"));
      const [first, second] = [await start(store, "k1", 2000), await start(store, "k2", 1000)];
      await start(store, "k3", 3000, 1);
      const worker = world.worker("w");
      const ended = await start(store, "k4", 500);
      await worker.finish(await worker.claim(ended, "a"));
      const ticks = [4000, 3500].map((due) => ({ due, outcome: "queued" as const, detail: "" }));
      await store.write.scheduleDecide({ dagName: "test", index: 0, ticks, now: 1 });
      expect(await store.read.scheduleState({ dagName: "test", index: 0 })).toEqual({
        active: [
          { runId: second, due: 1000 },
          { runId: first, due: 2000 },
        ],
        queued: [3500, 4000],
      });
      expect((await store.read.schedulesList({ dagName: "" })).map(({ queued }) => queued)).toEqual([2, 0]);
    });
  });
}

function describeTicks(name: string, open: OpenStore): void {
  describe(`${name}: ticks`, () => {
    test("a time that has its run keeps it; any other may be decided again", async () => {
      await using store = await open();
      await put(store, "a", 100, spec("@daily"));
      const decide = (outcome: "missed" | "skipped") =>
        store.write.scheduleDecide({
          dagName: "test",
          index: 0,
          ticks: [{ due: 7, outcome, detail: "d" }],
          now: 9,
        });
      await decide("missed");
      expect(await store.read.tickRead({ dagName: "test", index: 0, due: 7 })).toEqual({
        due: 7,
        outcome: "missed",
        detail: "d",
        at: 9,
      });
      const run = await start(store, "k", 7);
      await decide("skipped");
      const tick = await store.read.tickRead({ dagName: "test", index: 0, due: 7 });
      expect(tick).toEqual({ due: 7, outcome: "started", runId: run, detail: "", at: 7 });
      expect(await store.read.tickRead({ dagName: "test", index: 0, due: 8 })).toBeUndefined();
    });

    test("a time that waits is not told to be missed; it may start, or fail to", async () => {
      await using store = await open();
      await put(store, "a", 100, spec("@daily"));
      const decide = (due: number, outcome: "queued" | "missed" | "skipped" | "failed") =>
        store.write.scheduleDecide({
          dagName: "test",
          index: 0,
          ticks: [{ due, outcome, detail: "" }],
          now: 9,
        });
      for (const due of [1, 2, 3]) await decide(due, "queued");
      await decide(1, "missed");
      await decide(1, "skipped");
      await decide(2, "failed");
      await start(store, "k", 3);
      expect(await outcomes(store)).toEqual([
        [3, "started"],
        [2, "failed"],
        [1, "queued"],
      ]);
    });
  });
}

function describeTriggers(name: string, open: OpenStore): void {
  describe(`${name}: ticks and their runs`, () => {
    test("the same key starts one run, and its tick names that one", async () => {
      await using store = await open();
      await put(store, "a", 100, spec("@daily"));
      const runs = await Promise.all([1, 2, 3].map(() => start(store, "k", 7)));
      expect(new Set(runs).size).toBe(1);
      expect(await store.read.ticksList({ dagName: "test", index: 0, limit: 10 })).toMatchObject([
        { runId: runs[0] },
      ]);
    });

    test("the newest 200 stay, and all that wait", async () => {
      await using store = await open();
      await put(store, "a", 100, spec("@daily"));
      const ticks = Array.from({ length: 300 }, (_, due) => ({
        due,
        outcome: due === 3 ? ("queued" as const) : ("missed" as const),
        detail: "",
      }));
      await store.write.scheduleDecide({ dagName: "test", index: 0, ticks, now: 1 });
      const left = await outcomes(store);
      expect([left.length, left[0], left[199], left[200]]).toEqual([
        201,
        [299, "missed"],
        [100, "missed"],
        [3, "queued"],
      ]);
    });

    test("a run says what started it", async () => {
      await using store = await open();
      const world = new World(store);
      const plain = await world.submit(dag(step("a")));
      expect((await store.read.runRead({ id: plain })).trigger).toEqual({ kind: "manual" });
      await store.write.runCancel({ id: plain, now: 1 });
      const newId = parseRunId(systemRandom.id());
      await store.write.runRetry({ id: plain, newId, bodyDigest: digest("b"), now: 2 });
      expect((await store.read.runRead({ id: newId })).trigger).toEqual({ kind: "retry" });
      await put(store, "a", 100, spec("@daily"));
      await start(store, "k", 7, 0);
      const [newest] = (await store.read.runsList({ limit: 1, trigger: "schedule" })).runs;
      expect(newest?.trigger).toEqual({ kind: "schedule", schedule: 0, due: 7 });
    });
  });
}
