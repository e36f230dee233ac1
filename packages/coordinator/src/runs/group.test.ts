import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  afterItem,
  afterRelease,
  afterStop,
  type GroupRule,
  type GroupState,
  groupFailure,
  groupMove,
  openedGroup,
} from "./group.ts";

const state = (more: Partial<GroupState>): GroupState => ({ ...openedGroup(10), ...more });
const fast: GroupRule = { maxParallel: 3, failFast: true };
const slow: GroupRule = { maxParallel: 3, failFast: false };
const excused: GroupRule = { ...fast, continueOnError: true };

describe("what a group does next", () => {
  test.each<[string, GroupRule, Partial<GroupState>, unknown]>([
    ["begins", fast, {}, { kind: "release", count: 3 }],
    ["has fewer items than places", fast, { waiting: 2, open: 2 }, { kind: "release", count: 2 }],
    ["is full", fast, { waiting: 7 }, { kind: "wait" }],
    ["has one place", fast, { waiting: 7, open: 9 }, { kind: "release", count: 1 }],
    ["runs its last ones", fast, { waiting: 0, open: 2 }, { kind: "wait" }],
    ["never had any", fast, { total: 0, waiting: 0, open: 0 }, { kind: "end", event: "succeeded" }],
    ["has a failure", fast, { waiting: 7, open: 9, failed: 1 }, { kind: "stop" }],
    ["has one while its last ones run", fast, { waiting: 0, open: 2, failed: 1 }, { kind: "stop" }],
    ["has stopped", fast, { waiting: 0, open: 2, failed: 1, isStopped: true }, { kind: "wait" }],
    [
      "has a failure that does not stop it",
      slow,
      { waiting: 7, open: 9, failed: 1 },
      { kind: "release", count: 1 },
    ],
    [
      "has a failure that is excused",
      excused,
      { waiting: 7, open: 9, failed: 1 },
      { kind: "release", count: 1 },
    ],
    ["is done", slow, { waiting: 0, open: 0 }, { kind: "end", event: "succeeded" }],
    ["is done, with a failure", slow, { waiting: 0, open: 0, failed: 1 }, { kind: "end", event: "failed" }],
    ["is done, cancelled", slow, { waiting: 0, open: 0, cancelled: 1 }, { kind: "end", event: "cancelled" }],
    [
      "is done, with both",
      fast,
      { waiting: 0, open: 0, failed: 1, cancelled: 9 },
      { kind: "end", event: "failed" },
    ],
    [
      "has stopped, and all have ended",
      fast,
      { waiting: 0, open: 0, isStopped: true },
      { kind: "end", event: "succeeded" },
    ],
  ])("that %s", (_, rule, given, expected) => {
    expect(groupMove(rule, state(given))).toEqual(expected);
  });
});

test("what a failed group says", () => {
  const first = { item: 3, failure: { code: "exit_code", message: "exit code 2" } };
  expect(groupFailure({ total: 9, failed: 2, cancelled: 0 }, first)).toEqual({
    code: "exit_code",
    message: "item 3: exit code 2 (2 of 9 items failed)",
  });
  expect(groupFailure({ total: 9, failed: 1, cancelled: 4 }, first).message).toContain(
    "1 of 9 items failed, 4 were cancelled",
  );
});

/** The same with a list of items, each looked at every time; a run is a sequence of ends, cancels and losses. */
type Phase = "kept" | "waiting" | "begun" | "succeeded" | "failed" | "cancelled";

interface World {
  state: GroupState;
  readonly items: Phase[];
  end: string | undefined;
}

/** As the store does it: moves until there is nothing to do. */
function settle(world: World, rule: GroupRule): void {
  for (;;) {
    const move = groupMove(rule, world.state);
    if (move.kind === "wait") return;
    if (move.kind === "stop") {
      stop(world);
    } else if (move.kind === "release") {
      for (let left = move.count; left > 0; left--) world.items[world.items.indexOf("waiting")] = "begun";
      world.state = afterRelease(world.state, move.count);
    } else {
      world.end = move.event;
      return;
    }
  }
}

function stop(world: World): void {
  const idle = world.items.filter((item) => item === "waiting").length;
  for (const [index, item] of world.items.entries()) if (item === "waiting") world.items[index] = "cancelled";
  world.state = afterStop(world.state, idle);
}

const happening = fc.record({
  isCancel: fc.integer({ min: 0, max: 9 }).map((value) => value === 0),
  pick: fc.nat(),
  failed: fc.boolean(),
});
const setting = fc.record({
  rule: fc.record(
    {
      maxParallel: fc.integer({ min: 1, max: 5 }),
      failFast: fc.boolean(),
      continueOnError: fc.constant(true as const),
    },
    { requiredKeys: ["maxParallel", "failFast"] },
  ),
  total: fc.nat(12),
  kept: fc.nat(12),
  /** From 0 to 1. */
  failures: fc.double({ min: 0, max: 1, noNaN: true }),
});
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** One of the items that run ends, or the run is told to. @returns whether it was cancelled */
function happen(world: World, { isCancel, pick, failed }: Happening, failures: number): boolean {
  if (isCancel) {
    stop(world);
    return true;
  }
  const begun = [...world.items.keys()].filter((index) => world.items[index] === "begun");
  const isFailed = failed && (pick % 100) / 100 < failures;
  // One that was told to end may have been done already.
  const quiet = world.state.isStopped && failed ? "cancelled" : "succeeded";
  const phase = isFailed ? "failed" : quiet;
  world.items[begun[pick % begun.length] ?? 0] = phase;
  world.state = afterItem(world.state, phase);
  return false;
}

test("any history: no more than may run at once, nobody is forgotten, and the end is what its items say", () => {
  const met = { stopped: 0, cancelled: 0, failed: 0, succeeded: 0 };
  fc.assert(
    fc.property(setting, fc.infiniteStream(happening), ({ rule, total, kept: asked, failures }, coin) => {
      const kept = Math.min(total, asked);
      const items = Array.from({ length: total }, (_, index): Phase => (index < kept ? "kept" : "waiting"));
      const world: World = { state: openedGroup(total, kept), items, end: undefined };
      const count = (phase: Phase) => items.filter((item) => item === phase).length;
      let isCancelled = false;
      settle(world, rule);
      for (const each of coin) {
        if (world.end !== undefined) break;
        expect(count("begun")).toBeLessThanOrEqual(rule.maxParallel);
        // What runs can end; while it has not stopped, no place is left empty.
        expect(count("begun")).toBeGreaterThan(0);
        if (!world.state.isStopped)
          expect(count("begun") === rule.maxParallel || count("waiting") === 0).toBe(true);
        isCancelled =
          happen(world, { ...each, isCancel: each.isCancel && !isCancelled }, failures) || isCancelled;
        settle(world, rule);
      }
      expect(count("waiting") + count("begun")).toBe(0);
      const quiet = count("cancelled") > 0 ? "cancelled" : "succeeded";
      const expected = count("failed") > 0 ? "failed" : quiet;
      expect(world.end).toBe(expected);
      const stops = rule.failFast && rule.continueOnError !== true && count("failed") > 0;
      if (!stops && !isCancelled) expect(count("cancelled")).toBe(0);
      met[expected]++;
      if (world.state.isStopped) met.stopped++;
    }),
    { numRuns: 1000 },
  );
  for (const times of Object.values(met)) expect(times).toBeGreaterThan(10);
});
