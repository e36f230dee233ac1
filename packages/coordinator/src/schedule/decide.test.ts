/** Any catch-up and overlap policy under a clock that jumps, a coordinator that dies anywhere, and two that look at once. */

import { FaultError, silentLog } from "@haversack/base";
import { parseRunId, type RunId, type ScheduleSpec, type ScheduleTick } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCron } from "../dag/cron.ts";
import type { Submission } from "../library/submit.ts";
import { type DecideParts, decide } from "./decide.ts";
import { lateMax, timesMax } from "./due-times.ts";

const second = 1000;
const cronText = "*/10 * * * * *";
const cron = parseCron(cronText, "UTC");
const begin = Date.UTC(2026, 0, 1, 12);

class Died extends Error {}

interface Started {
  readonly due: number;
  readonly at: number;
  readonly latest: number;
  readonly runId: RunId;
  ended: boolean;
}

/** One schedule in a store of plain values, and a coordinator that dies before or after any call. */
class World {
  now = begin;
  /** The latest that the clock ever showed: what waits may start after the clock was set back. */
  latest = begin;
  handled = begin;
  paused = false;
  readonly runs = new Map<string, Started>();
  readonly ticks = new Map<number, Omit<ScheduleTick, "at">>();
  readonly cancelled: RunId[] = [];
  /** The most that were unfinished at once. */
  overlapMax = 0;
  startsInLook = 0;
  /** Calls until it dies; undefined: it lives. */
  diesIn: number | undefined;
  refuses = false;
  readonly spec: ScheduleSpec;

  constructor(spec: Partial<ScheduleSpec>) {
    this.spec = { cron: cronText, timezone: "UTC", catchUp: "none", overlap: "skip", params: {}, ...spec };
  }

  get active(): Started[] {
    return [...this.runs.values()].filter(({ ended }) => !ended).toSorted((a, b) => a.due - b.due);
  }

  get queued(): number[] {
    return [...this.ticks.values()]
      .filter(({ outcome }) => outcome === "queued")
      .map(({ due }) => due)
      .toSorted((a, b) => a - b);
  }

  async look(): Promise<void> {
    this.startsInLook = 0;
    this.latest = Math.max(this.latest, this.now);
    const schedule = { dagName: "d", index: 0, spec: this.spec, handled: this.handled };
    try {
      await decide(this.#parts(), { ...schedule, queued: this.queued.length }, cron, this.now);
    } catch (error) {
      if (!(error instanceof Died)) throw error;
    }
    this.diesIn = undefined;
  }

  #mayDie(): void {
    if (this.diesIn === undefined) return;
    if (this.diesIn === 0) throw new Died();
    this.diesIn--;
  }

  async #call<T>(body: () => T): Promise<T> {
    this.#mayDie();
    const answer = body();
    this.#mayDie();
    return answer;
  }

  #parts(): DecideParts {
    return {
      log: silentLog,
      lead: {},
      submit: (submission) => this.#call(() => this.#submit(submission)),
      cancel: (runId) => this.#call(() => this.#end(runId)),
      store: {
        read: {
          scheduleState: () =>
            this.#call(() => ({
              active: this.active.map(({ runId, due }) => ({ runId, due })),
              queued: this.queued,
            })),
        },
        write: {
          scheduleDecide: ({ ticks, handled }) =>
            this.#call(() => {
              for (const tick of ticks) this.#tick(tick);
              if (handled !== undefined && this.handled === handled.from) this.handled = handled.to;
            }),
        },
      },
    };
  }

  #tick(tick: Omit<ScheduleTick, "at">): void {
    const before = this.ticks.get(tick.due)?.outcome;
    const ends = tick.outcome === "started" || tick.outcome === "failed";
    if (before !== "started" && (before !== "queued" || ends)) this.ticks.set(tick.due, tick);
  }

  #submit({ idempotencyKey, trigger }: Submission) {
    const known = this.runs.get(idempotencyKey);
    if (known !== undefined) return { runId: known.runId, existed: true };
    if (this.refuses) throw new FaultError("invalid", "unknown_skill", "unknown skill x");
    const due = trigger?.due ?? expect.fail("a run without a time");
    const runId = parseRunId(`r${this.runs.size}`);
    this.runs.set(idempotencyKey, { due, at: this.now, latest: this.latest, runId, ended: false });
    this.#tick({ due, outcome: "started", runId, detail: "" });
    this.overlapMax = Math.max(this.overlapMax, this.active.length);
    this.startsInLook++;
    return { runId, existed: false };
  }

  #end(runId: RunId): void {
    this.cancelled.push(runId);
    this.finish(runId);
  }

  finish(runId: RunId): void {
    for (const run of this.runs.values()) if (run.runId === runId) run.ended = true;
  }
}

const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.integer({ min: 1, max: 15 * second }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.integer({ min: 1, max: 7_200 * second }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("back" as const),
      ms: fc.integer({ min: 1, max: 7_200 * second }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), ms: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("die" as const), ms: fc.nat(8) }) },
);
const policy = fc.record({
  catchUp: fc.constantFrom("none" as const, "last" as const, "all" as const),
  overlap: fc.constantFrom("skip" as const, "queue" as const, "cancel-previous" as const),
});

async function apply(world: World, { kind, ms }: { kind: string; ms: number }): Promise<void> {
  if (kind === "pass") world.now += ms;
  else if (kind === "back") world.now -= ms;
  else if (kind === "die") world.diesIn = ms;
  else world.finish(world.active[ms]?.runId ?? parseRunId("none"));
  const both = kind === "pass" && ms % 3 === 0;
  // Two coordinators now and then.
  await Promise.all(both ? [world.look(), world.look()] : [world.look()]);
}

describe("whatever the clock does and whoever dies", () => {
  test("no time starts twice, none starts early or off the schedule, and no look starts many", async () => {
    await fc.assert(
      fc.asyncProperty(policy, fc.array(change, { maxLength: 40 }), async (spec, changes) => {
        const world = new World(spec);
        for (const each of changes) {
          await apply(world, each);
          expect(world.startsInLook).toBeLessThanOrEqual(
            spec.catchUp === "all" && spec.overlap === "skip" ? timesMax : 2,
          );
        }
        const runs = [...world.runs.values()];
        expect(new Set(runs.map(({ due }) => due)).size).toBe(runs.length);
        for (const { due, at, latest } of runs) {
          expect([due % (10 * second), due <= latest]).toEqual([0, true]);
          if (spec.catchUp === "none" && spec.overlap !== "queue")
            expect(at - due).toBeLessThanOrEqual(lateMax);
        }
        for (const { due, runId } of runs) {
          expect(world.ticks.get(due)).toMatchObject({ outcome: "started", runId });
        }
        expect(world.queued.length).toBeLessThanOrEqual(timesMax);
      }),
      { numRuns: 200 },
    );
  });

  test("under one coordinator with a steady clock, skip and queue have one run at a time", async () => {
    const steady = change.filter(({ kind }) => kind === "pass" || kind === "end" || kind === "die");
    await fc.assert(
      fc.asyncProperty(policy, fc.array(steady, { maxLength: 40 }), async (spec, changes) => {
        if (spec.overlap === "cancel-previous") return;
        const world = new World(spec);
        for (const { kind, ms } of changes)
          await apply(world, { kind, ms: kind === "pass" ? ms * 3 + 1 : ms });
        expect(world.overlapMax).toBeLessThanOrEqual(1);
        if (spec.overlap !== "queue") return;
        const started = [...world.runs.values()].map(({ due }) => due);
        expect(started).toEqual(started.toSorted((a, b) => a - b));
      }),
      { numRuns: 200 },
    );
  });

  test("a look after the last death leaves nothing undecided", async () => {
    await fc.assert(
      fc.asyncProperty(policy, fc.array(change, { maxLength: 20 }), async (spec, changes) => {
        const world = new World(spec);
        for (const each of changes) await apply(world, each);
        world.now = Math.max(world.now, begin) + 25 * second;
        const from = world.handled > world.now + 60 * second ? world.now : world.handled;
        await world.look();
        for (
          let due = Math.ceil((from + 1) / 10_000) * 10_000, count = 0;
          due <= world.now && count < 3;
          count++
        ) {
          const newest = Math.floor(world.now / 10_000) * 10_000 - count * 10_000;
          if (newest > from) expect(world.ticks.has(newest)).toBe(true);
          due = newest + 20_000;
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("a clock that is set", () => {
  test("an hour ahead and back again: the times of that hour still come, each once", async () => {
    const world = new World({});
    const step = async (ms: number): Promise<void> => {
      world.now += ms;
      await world.look();
      for (const { runId } of world.active) world.finish(runId);
    };
    await step(10 * second);
    await step(3_600 * second);
    expect(world.runs.size).toBe(2);
    await step(-3_600 * second);
    for (let tick = 0; tick < 360; tick++) await step(10 * second);
    // The one that came early, when the clock was ahead, does not come again.
    expect(world.runs.size).toBe(361);
    expect(new Set([...world.runs.values()].map(({ due }) => due)).size).toBe(361);
  });

  test("a year ahead: as many as the policy says and no more", async () => {
    for (const [catchUp, count] of [
      ["none", 1],
      ["last", 1],
      ["all", 100],
    ] as const) {
      const world = new World({ catchUp });
      world.now += 365 * 86_400 * second;
      await world.look();
      for (let round = 0; round < 3; round++) await world.look();
      expect(world.runs.size).toBe(catchUp === "all" ? 1 : count);
      expect(world.ticks.size).toBeLessThanOrEqual(101);
    }
    const queue = new World({ catchUp: "all", overlap: "queue" });
    queue.now += 365 * 86_400 * second;
    for (let round = 0; round < 500; round++) {
      await queue.look();
      for (const { runId } of queue.active) queue.finish(runId);
    }
    expect(queue.runs.size).toBe(100);
  });
});

test("what cannot start is told once and not tried again", async () => {
  const world = new World({ overlap: "queue" });
  world.refuses = true;
  world.now += 10 * second;
  await world.look();
  await world.look();
  expect([...world.ticks.values()]).toEqual([
    { due: begin + 10 * second, outcome: "failed", detail: "unknown skill x" },
  ]);
  world.refuses = false;
  world.now += 9 * second;
  await world.look();
  expect(world.runs.size).toBe(0);
  world.now += second;
  await world.look();
  expect(world.runs.size).toBe(1);
});

test("the run of the time before is asked to end, once the new one is there", async () => {
  const world = new World({ overlap: "cancel-previous" });
  for (let round = 0; round < 3; round++) {
    world.now += 10 * second;
    await world.look();
  }
  expect([world.runs.size, world.cancelled, world.active.map(({ runId }) => runId)]).toEqual([
    3,
    ["r0", "r1"],
    ["r2"],
  ]);
  world.refuses = true;
  world.now += 10 * second;
  await world.look();
  expect(world.active).toHaveLength(1);
});
