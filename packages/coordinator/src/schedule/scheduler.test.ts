import { type FaultError, systemRandom } from "@haversack/base";
import { type RunId } from "@haversack/protocol";
import { defaultLimits } from "@haversack/snapshot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exerciseService } from "../../../../tests/support/exercise-service.ts";
import { FakeClock, fakePorts, until } from "../../../../tests/support/fake-clock.ts";
import { openLibrary } from "../library/open-library.ts";
import type { Store } from "../store/store.ts";
import { openRealStores, type RealStores } from "../testing/real-store.ts";
import { submissionOf } from "./decide.ts";
import { backfill, trigger } from "./on-demand.ts";
import { createScheduler } from "./scheduler.ts";

const minuteMs = 60_000;
let stores: RealStores;
beforeAll(async () => {
  stores = await openRealStores();
});
afterAll(() => stores.close());
let names = 0;
const vault = { folder: "/nowhere", keyFile: undefined };
const library = { agentsDir: "/nowhere", model: undefined, snapshotLimits: defaultLimits, vault };

/** A stored DAG of one step with a schedule of each minute, on a store that other tests have as well. */
async function scheduled(policy = "", store: Store = stores.store) {
  const clock = new FakeClock();
  clock.jump(minuteMs - (clock.now() % minuteMs));
  const ports = { ...fakePorts(clock), random: systemRandom };
  const { submitter } = openLibrary(store, library, ports);
  const dagName = `dag-${++names}`;
  const text = (step: string) =>
    `name: ${dagName}\nparams: { who: { type: string, default: x } }\nschedule: { cron: "* * * * *"${policy} }\nsteps: [{ id: a, run: ${step} }]\n`;
  const put = (step: string) => submitter.put({ dag: text(step), fileName: "dag.yaml" });
  await put("one");
  const cancelled: unknown[] = [];
  const registry = { cancel: (live: readonly unknown[]) => void cancelled.push(...live) };
  const onFailure = (error: unknown): void => expect.fail(String(error));
  const make = () => createScheduler({ store, submitter, registry, ports, onFailure });
  const parts = { store, submit: submitter.submit.bind(submitter), clock, ring: () => {} };
  const key = { dagName, index: 0 };
  const ticks = async () =>
    (await store.read.ticksList({ ...key, limit: 100 })).map(({ due, outcome }) => [due - begin, outcome]);
  const begin = clock.now();
  const end = async (id: RunId) => void (await store.write.runCancel({ id, now: clock.now() }));
  const runs = async () => (await store.read.runsList({ dagName, limit: 100 })).runs;
  return { clock, submitter, make, parts, key, put, ticks, end, runs, begin };
}

const live = new AbortController().signal;

describe("the scheduler", () => {
  test("is a service like the others", async () => {
    const { make } = await scheduled();
    await exerciseService(() => make().loop);
  });

  test("sleeps until the next time, and starts it with the text of that moment", async () => {
    const { clock, make, put, runs, ticks } = await scheduled();
    const { loop } = make();
    await loop.start(live);
    await until(() => clock.timers === 1);
    expect(clock.nextIn).toBeLessThanOrEqual(15_000);
    await put("two");
    for (let quarter = 0; quarter < 4; quarter++) {
      await until(() => clock.timers === 1);
      clock.advance(15_000);
    }
    await until(async () => (await runs()).length === 1);
    expect(await ticks()).toEqual([[minuteMs, "started"]]);
    const [run] = await runs();
    const { source } = await stores.store.read.runSourceRead({ id: run?.id ?? expect.fail() });
    expect(source).toContain("run: two");
    await loop.stop("now");
    expect(clock.timers).toBe(0);
  });

  test("of two at once, and of one after the other, one starts the time", async () => {
    const { clock, make, runs } = await scheduled(", catchUp: last");
    clock.advance(10 * minuteMs);
    const schedulers = [make(), make()];
    await Promise.all(schedulers.map(({ loop }) => loop.start(live)));
    await until(async () => (await runs()).length > 0 && clock.timers === 2);
    await Promise.all(schedulers.map(({ loop }) => loop.stop("now")));
    const third = make();
    await third.loop.start(live);
    await until(() => clock.timers === 1);
    await third.loop.stop("now");
    expect((await runs()).map(({ trigger }) => trigger?.kind)).toEqual(["schedule"]);
  });

  test("goes on with what waits as soon as the run before has ended", async () => {
    const { clock, make, runs, ticks, end } = await scheduled(", catchUp: all, overlap: queue");
    clock.advance(3 * minuteMs);
    const { loop } = make();
    await loop.start(live);
    await until(() => clock.timers === 1);
    expect((await ticks()).map(([, outcome]) => outcome)).toEqual(["queued", "queued", "started"]);
    for (let done = 1; done < 3; done++) {
      const [newest] = await runs();
      // No time passes: it is woken.
      await end(newest?.id ?? expect.fail());
      await until(async () => (await runs()).length === done + 1);
    }
    await loop.stop("now");
    const due = (await runs()).map(({ trigger }) => trigger?.due ?? 0);
    expect(due).toEqual(due.toSorted((a, b) => b - a));
  });

  test("ends the run before, when the schedule says so", async () => {
    const { clock, make, runs } = await scheduled(", overlap: cancel-previous");
    const { loop, ring } = make();
    await loop.start(live);
    for (let minute = 1; minute < 3; minute++) {
      clock.advance(minuteMs);
      ring();
      await until(async () => (await runs()).length === minute);
    }
    await until(async () => (await runs()).map(({ status }) => status).join() === "queued,cancelled");
    await loop.stop("now");
  });

  test("leaves alone what is paused; what passed then is not made up for", async () => {
    const { clock, make, runs, key, ticks } = await scheduled(", catchUp: all");
    await stores.store.write.schedulePause({ ...key, note: "", now: clock.now() });
    const { loop, ring } = make();
    await loop.start(live);
    clock.advance(5 * minuteMs);
    ring();
    await until(() => clock.timers === 1);
    expect(await runs()).toEqual([]);
    await stores.store.write.scheduleResume({ ...key, now: clock.now() });
    clock.advance(minuteMs);
    ring();
    await until(async () => (await runs()).length === 1);
    await loop.stop("now");
    expect(await ticks()).toEqual([[6 * minuteMs, "started"]]);
  });

  test("one schedule that cannot be served holds up no other, and is tried again", async () => {
    const first = await scheduled();
    const broken = first.key.dagName;
    let failing = true;
    const store: Store = {
      ...stores.store,
      read: {
        ...stores.store.read,
        scheduleState: async (key) => {
          if (failing && key.dagName === broken) throw new Error("the disk is slow");
          return await stores.store.read.scheduleState(key);
        },
      },
    };
    const second = await scheduled("", store);
    const { loop } = second.make();
    second.clock.advance(minuteMs);
    await loop.start(live);
    await until(async () => (await second.runs()).length === 1);
    expect(await first.runs()).toEqual([]);
    failing = false;
    await until(() => second.clock.timers === 1);
    second.clock.advance(1000);
    await until(async () => (await first.runs()).length === 1);
    await loop.stop("now");
  });
});

describe("a run that a person asks for", () => {
  test("now: with the parameters of the schedule under one's own, beside whatever runs", async () => {
    const { parts, key } = await scheduled(", params: { who: schedule }");
    const asked = { ...key, params: {}, idempotencyKey: systemRandom.id() };
    const { runId } = await trigger(parts, asked);
    const other = await trigger(parts, { ...asked, params: { who: me }, idempotencyKey: "" });
    const read = (id: RunId) => stores.store.read.runRead({ id });
    expect([(await read(runId)).params, (await read(other.runId)).params]).toEqual([
      { who: "schedule" },
      { who: me },
    ]);
    expect((await read(runId)).trigger).toEqual({ kind: "manual" });
    expect(await trigger(parts, asked)).toEqual({ runId, existed: true });
    await expect(trigger(parts, { ...asked, index: 1 })).rejects.toMatchObject({ code: "unknown_schedule" });
    await expect(trigger(parts, { ...asked, dagName: "none" })).rejects.toMatchObject({
      code: "unknown_dag",
    });
  });

  test("of a range: each time once, also beside the scheduler's own", async () => {
    const { parts, key, clock, make, runs, begin } = await scheduled();
    clock.advance(5 * minuteMs);
    const { loop } = make();
    await loop.start(live);
    await until(async () => (await runs()).length === 1);
    await loop.stop("now");
    const range = { from: begin + minuteMs, to: clock.now() };
    const ticks = await backfill(parts, key, range);
    expect(ticks.map(({ due, existed }) => [(due - begin) / minuteMs, existed])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, false],
      [5, true],
    ]);
    expect((await backfill(parts, key, range)).every(({ existed }) => existed)).toBe(true);
    const kinds = Map.groupBy(await runs(), ({ trigger }) => trigger?.kind);
    expect([kinds.get("backfill")?.length, kinds.get("schedule")?.length]).toEqual([4, 1]);
  });

  test("of a range, for a schedule that queues: one after the other", async () => {
    const { parts, key, clock, make, runs, end } = await scheduled(", overlap: queue");
    clock.advance(5 * minuteMs);
    const from = clock.now() - 3 * minuteMs;
    const ticks = await backfill(parts, key, { from, to: clock.now() });
    expect(ticks.map(({ outcome }) => outcome)).toEqual(["queued", "queued", "queued", "queued"]);
    const { loop } = make();
    await loop.start(live);
    for (let count = 1; count <= 4; count++) {
      await until(async () => (await runs()).length === count && (await runs())[0]?.status === "queued");
      await end((await runs())[0]?.id ?? expect.fail());
    }
    await loop.stop("now");
    const due = (await runs()).map(({ trigger }) => trigger?.due ?? 0);
    expect(due).toEqual([0, 1, 2, 3].map((ago) => clock.now() - ago * minuteMs));
  });

  test.each([
    ["that is too long", -101 * minuteMs, 0, "range_too_long"],
    ["that ends before it begins", 0, -minuteMs, "bad_range"],
    ["of the future", 0, minuteMs, "bad_range"],
  ])("of a range %s: refused, and nothing is started", async (_, from, to, code) => {
    const { parts, key, clock, runs } = await scheduled();
    const range = { from: clock.now() + from, to: clock.now() + to };
    await expect(backfill(parts, key, range)).rejects.toMatchObject({ code } satisfies Partial<FaultError>);
    expect(await runs()).toEqual([]);
  });
});

const me = "me";

describe("a submission that names a stored DAG", () => {
  const empty = { dag: "", fileName: "", params: {} };

  test("runs what is stored now; a repetition gets its run whatever is stored by then", async () => {
    const { submitter, key, put } = await scheduled();
    const asked = { ...empty, dagName: key.dagName, idempotencyKey: systemRandom.id() };
    const { runId } = await submitter.submit(asked);
    await put("two");
    expect(await submitter.submit(asked)).toEqual({ runId, existed: true });
    await expect(submitter.submit({ ...asked, params: { who: me } })).rejects.toMatchObject({
      code: "idempotency_key_reused",
    });
  });

  test("for a time of its schedule is the same one, whatever the schedule gives by then", async () => {
    const { submitter, key, clock, put } = await scheduled();
    const first = await submitter.submit(submissionOf(key, clock.now(), { who: "before" }));
    await put("two");
    const again = await submitter.submit(submissionOf(key, clock.now(), { who: "after" }));
    expect(again).toEqual({ runId: first.runId, existed: true });
  });

  test("is refused when it names none, or one beside a text, or takes the key of a schedule", async () => {
    const { submitter, key } = await scheduled();
    const asked = { ...empty, dagName: key.dagName, idempotencyKey: "" };
    await expect(submitter.submit({ ...asked, dagName: "none" })).rejects.toMatchObject({
      code: "unknown_dag",
    });
    await expect(submitter.submit({ ...asked, dagName: "" })).rejects.toMatchObject({
      code: "bad_submission",
    });
    await expect(submitter.submit({ ...asked, dag: "name: x" })).rejects.toMatchObject({
      code: "bad_submission",
    });
    const stolen = { ...asked, idempotencyKey: "schedule/x/0/2026-01-01T00:00:00.000Z" };
    await expect(submitter.submit(stolen)).rejects.toMatchObject({ code: "bad_idempotency_key" });
  });
});
