import { isTerminalRun, type RunStatus } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import * as runStatements from "../store/statements/run.ts";
import { type RunEvent, runAfter, runMoves } from "./run-moves.ts";

const statuses = Object.keys(runMoves) as RunStatus[];
const events = ["started", "succeeded", "failed", "cancelled"] as const satisfies RunEvent[];

/** Status × event, in the order of `events`; a dash: it cannot happen. */
const table: Readonly<Record<RunStatus, string>> = {
  queued: "running succeeded failed cancelled",
  running: "- succeeded failed cancelled",
  succeeded: "- - - -",
  failed: "- - - -",
  cancelled: "- - - -",
};

describe("the table of what happens to runs", () => {
  test.each(statuses)("from %s only what the table says can happen", (status) => {
    expect(events.map((event) => runAfter(status, event) ?? "-").join(" ")).toBe(table[status]);
  });

  test("an end absorbs, and nothing else does (L3)", () => {
    for (const status of statuses) {
      const leaves = events.some((event) => runAfter(status, event) !== undefined);
      expect([status, leaves]).toEqual([status, !isTerminalRun(status)]);
    }
  });
});

describe("the guards in the SQL", () => {
  const from = (...wanted: RunEvent[]) =>
    statuses.filter((status) => wanted.every((event) => runAfter(status, event) !== undefined)).toSorted();

  test.each([
    ["runsStart", from("started")],
    ["runEndWith", from("succeeded", "failed", "cancelled")],
    ["runRequestCancel", from("cancelled")],
  ] as const)("%s changes a run from exactly the statuses of the table", (name, expected) => {
    const { sqlite } = runStatements[name];
    const [, list = ""] =
      /status (?:=|in) (\('.*?'\)|'\w+')/.exec(sqlite.slice(sqlite.lastIndexOf("where"))) ?? [];
    expect([...list.matchAll(/'(\w+)'/g)].map(([, status = ""]) => status).toSorted()).toEqual(expected);
  });
});
