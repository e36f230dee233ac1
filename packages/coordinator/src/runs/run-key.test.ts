import { type OnConflict, onConflicts, parseRunId } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefused, type KeyedRun, settleKey } from "./run-key.ts";

const keyed = (id: string, more: Partial<KeyedRun> = {}): KeyedRun => ({
  id: parseRunId(id),
  limit: 1,
  onConflict: "queue",
  held: true,
  cancelRequested: false,
  ...more,
});
const going = { held: false };

describe("one run at a time", () => {
  test("the first that waits starts when nothing is under way", () => {
    expect(settleKey([keyed("a"), keyed("b")])).toEqual({ start: ["a"], cancel: [] });
  });

  test("nobody starts beside one that is under way, told to end or not", () => {
    for (const cancelRequested of [true, false]) {
      expect(settleKey([keyed("a", { ...going, cancelRequested }), keyed("b")]).start).toEqual([]);
    }
  });

  test("a run that replaces the others ends all before it, and waits for their end", () => {
    const replaces = keyed("c", { onConflict: "cancel-running" });
    expect(settleKey([keyed("a", going), keyed("b"), replaces, keyed("d")])).toEqual({
      start: [],
      cancel: ["a", "b"],
    });
    expect(settleKey([replaces, keyed("d")])).toEqual({ start: ["c"], cancel: [] });
  });

  test("a run that was told to end while it waited does not start", () => {
    expect(settleKey([keyed("a", { cancelRequested: true }), keyed("b")]).start).toEqual(["b"]);
  });
});

test("with room for several, only the oldest that are too many have to end", () => {
  const limit = 2;
  const runs = [keyed("a", going), keyed("b", going), keyed("c", { limit, onConflict: "cancel-running" })];
  expect(settleKey(runs)).toEqual({ start: [], cancel: ["a"] });
  expect(settleKey([keyed("b", going), keyed("c", { limit, onConflict: "cancel-running" })])).toEqual({
    start: ["c"],
    cancel: [],
  });
});

test("only a run that would be left out is refused, and only when it says so", () => {
  expect(isRefused("skip", 1, 1)).toBe(true);
  expect(isRefused("skip", 2, 1)).toBe(false);
  expect(isRefused("queue", 1, 5)).toBe(false);
});

type Action =
  | { readonly do: "submit"; readonly onConflict: OnConflict }
  | { readonly do: "end"; readonly which: number }
  | { readonly do: "settle" };

const actions = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("submit" as const), onConflict: fc.constantFrom(...onConflicts) }),
    fc.record({ do: fc.constant("end" as const), which: fc.nat(5) }),
    fc.constant({ do: "settle" as const }),
  ),
  { maxLength: 40 },
);

test("whatever comes and goes: never more under way than the limit, nobody overtakes, and all get their turn", () => {
  fc.assert(
    fc.property(actions, fc.integer({ min: 1, max: 3 }), (list: readonly Action[], limit) => {
      let runs: KeyedRun[] = [];
      const started: string[] = [];
      let count = 0;
      const settle = () => {
        const { start, cancel } = settleKey(runs);
        started.push(...start);
        runs = runs
          .map((run) => ({
            ...run,
            held: run.held && !start.includes(run.id),
            cancelRequested: run.cancelRequested || cancel.includes(run.id),
          }))
          // What nobody runs ends at once.
          .filter(({ held, cancelRequested }) => !(held && cancelRequested));
        expect(runs.filter(({ held }) => !held).length).toBeLessThanOrEqual(limit);
      };
      const end = (which: number) => {
        const underWay = runs.filter(({ held }) => !held);
        const ended = underWay[which % Math.max(1, underWay.length)];
        runs = runs.filter((run) => run !== ended);
      };
      for (const action of list) {
        if (action.do === "submit" && !isRefused(action.onConflict, limit, runs.length)) {
          runs.push(keyed(`r${String(count++).padStart(3, "0")}`, { limit, onConflict: action.onConflict }));
        } else if (action.do === "end") end(action.which);
        else settle();
      }
      for (let round = 0; round < 200 && runs.length > 0; round++) {
        settle();
        end(0);
      }
      expect(runs).toEqual([]);
      expect(started).toEqual(started.toSorted());
    }),
  );
});
