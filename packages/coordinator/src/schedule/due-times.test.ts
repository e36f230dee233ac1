import { parseRunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { chooseTimes, meet } from "./due-times.ts";

const minute = 60_000;
const now = 1000 * minute;
const before = (...minutes: number[]) => minutes.map((ago) => now - ago * minute);
type Spec = Parameters<typeof chooseTimes>[0];

describe("of the times that are due", () => {
  const cases: readonly {
    readonly name: string;
    readonly spec: readonly [Spec["catchUp"], Spec["overlap"]];
    readonly due: readonly number[];
    readonly start: readonly number[];
  }[] = [
    { name: "nothing, nothing", spec: ["all", "skip"], due: [], start: [] },
    { name: "one in time is started, whatever the policy", spec: ["none", "skip"], due: [1], start: [1] },
    { name: "one that is late is missed without catch-up", spec: ["none", "skip"], due: [1.01], start: [] },
    {
      name: "none starts the newest that is in time",
      spec: ["none", "queue"],
      due: [3, 2, 0.5],
      start: [0.5],
    },
    { name: "last starts the newest, however late", spec: ["last", "skip"], due: [500, 300], start: [300] },
    { name: "all starts all, oldest first", spec: ["all", "queue"], due: [3, 2, 1], start: [3, 2, 1] },
    {
      name: "all has one where each would end the one before",
      spec: ["all", "cancel-previous"],
      due: [3, 2],
      start: [2],
    },
  ];

  test.each(cases)("$name", ({ spec: [catchUp, overlap], due, start }) => {
    const chosen = chooseTimes({ catchUp, overlap }, before(...due), now);
    expect(chosen.start).toEqual(before(...start));
    const missed = due.filter((ago) => !start.includes(ago));
    expect(chosen.passed.map((tick) => [tick.due, tick.outcome])).toEqual(
      before(...missed).map((at) => [at, "missed"]),
    );
  });

  test("all makes up for 100, and says that there may be more", () => {
    const due = before(...Array.from({ length: 101 }, (_, index) => 101 - index));
    const { start, passed } = chooseTimes({ catchUp: "all", overlap: "queue" }, due, now);
    expect(start).toEqual(due.slice(1));
    expect(passed).toEqual([
      {
        due: due[0],
        outcome: "missed",
        detail:
          "nobody looked until 1h41m after it, and at most 100 times are made up for; so may be times before it",
      },
    ]);
  });
});

describe("a time that finds the run of an earlier one", () => {
  const run = (id: string, due: number) => ({ runId: parseRunId(id), due });

  test("is skipped, with the run in the reason; its own run is no other one", () => {
    expect(meet("skip", 2, [run("r1", 1)], [])).toEqual({
      kind: "skip",
      detail: "run r1 had not ended (overlap: skip)",
    });
    expect(meet("skip", 1, [run("r1", 1)], [])).toMatchObject({ kind: "start" });
    expect(meet("skip", 1, [], [])).toEqual({ kind: "start", cancel: [] });
  });

  test("waits, behind those that wait, unless too many do", () => {
    expect(meet("queue", 2, [run("r1", 1)], [])).toMatchObject({ kind: "queue" });
    expect(meet("queue", 3, [], [2])).toMatchObject({ kind: "queue" });
    expect(meet("queue", 3, [], [])).toMatchObject({ kind: "start" });
    const full = Array.from({ length: 100 }, (_, index) => index + 10);
    expect(meet("queue", 5, [], full)).toMatchObject({ kind: "skip" });
    // It is one of them already.
    expect(meet("queue", 10, [run("r1", 1)], full)).toMatchObject({ kind: "queue" });
  });

  test("ends the runs of earlier times, and not those of later ones", () => {
    const active = [run("r1", 1), run("r2", 2), run("r3", 3)];
    expect(meet("cancel-previous", 2, active, [])).toEqual({ kind: "start", cancel: ["r1"] });
  });
});
