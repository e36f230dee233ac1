import { readFileSync } from "node:fs";
import { isTerminalStep, type StepPhase } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import * as attemptStatements from "../store/statements/attempt.ts";
import * as childStatements from "../store/statements/child.ts";
import * as outcomeStatements from "../store/statements/outcome.ts";
import * as stepStatements from "../store/statements/step.ts";
import { isLiveStep, type StepEvent, stepAfter, stepMoves } from "./step-moves.ts";

const phases = Object.keys(stepMoves) as StepPhase[];
const events = [
  "released",
  "skipped",
  "blocked",
  "asked",
  "opened",
  "claimed",
  "started",
  "returned",
  "retried",
  "lost",
  "succeeded",
  "failed",
  "cancelled",
  "begun",
  "refused",
] as const satisfies StepEvent[];

/** Phase × event, in the order of `events`; a dash: it cannot happen. */
const table: Readonly<Record<StepPhase, string>> = {
  waiting: "ready skipped blocked suspended running - - - - - - failed cancelled - -",
  ready: "- - - - - leased - - - - - failed cancelled running failed",
  suspended: "- - - - - - - - - - succeeded failed cancelled - -",
  leased: "- - - - - - running ready ready ready succeeded failed cancelled - -",
  running: "- - - - - - - ready ready ready succeeded failed cancelled - -",
  succeeded: "- - - - - - - - - - - - - - -",
  failed: "- - - - - - - - - - - - - - -",
  cancelled: "- - - - - - - - - - - - - - -",
  blocked: "- - - - - - - - - - - - - - -",
  skipped: "- - - - - - - - - - - - - - -",
};

describe("the table of moves", () => {
  test.each(phases)("from %s only what the table says can happen", (phase) => {
    const row = events.map((event) => stepAfter(phase, event) ?? "-").join(" ");
    expect(row).toBe(table[phase]);
  });

  test("terminal phases absorb, and no other phase does (L3)", () => {
    for (const phase of phases) {
      const leaves = events.some((event) => stepAfter(phase, event) !== undefined);
      expect([phase, leaves]).toEqual([phase, !isTerminalStep(phase)]);
    }
  });

  test("every phase but the first can be reached, and an end can be reached from every phase", () => {
    const next = (phase: StepPhase) => events.flatMap((event) => stepAfter(phase, event) ?? []);
    const closure = (start: StepPhase): Set<StepPhase> => {
      const seen = new Set([start]);
      for (const phase of seen) for (const after of next(phase)) seen.add(after);
      return seen;
    };
    expect(closure("waiting")).toEqual(new Set(phases));
    for (const phase of phases) expect([...closure(phase)].some(isTerminalStep)).toBe(true);
  });

  test("the picture in the comment shows every phase and every event", () => {
    const source = readFileSync(new URL("./step-moves.ts", import.meta.url), "utf8");
    const picture = source.slice(0, source.indexOf("*/"));
    for (const word of [...phases, ...events]) expect(picture).toMatch(new RegExp(`\\b${word}\\b`));
  });
});

describe("the guards in the SQL", () => {
  /** The phases that a statement moves from, as its `where` compares them. */
  function guardOf(sql: string): string[] {
    const outer = sql.replaceAll(/\(select [^()]*\)/g, "");
    const where = outer.slice(outer.lastIndexOf("where"));
    const [, list] = /phase (?:\|\| '' )?(?:=|in) (\('.*?'\)|'\w+')/.exec(where) ?? [];
    return [...(list ?? "").matchAll(/'(\w+)'/g)].map(([, name = ""]) => name).toSorted();
  }
  const from = (...wanted: StepEvent[]) =>
    phases.filter((phase) => wanted.every((event) => stepAfter(phase, event) !== undefined)).toSorted();

  test.each([
    ["stepsClaim", from("claimed")],
    ["stepsStart", from("started")],
    ["stepsEnd", from("succeeded", "failed", "cancelled", "lost")],
    ["stepsRequeue", from("returned", "retried", "lost")],
    ["stepsSettle", from("released", "skipped", "blocked")],
    ["stepStartChild", from("begun")],
    ["stepRefuse", from("refused")],
    ["stepsDependencyEnded", from("released", "skipped", "blocked")],
  ] as const)("%s moves a step from exactly the phases of the table", (name, expected) => {
    const { sqlite, postgres } = { ...stepStatements, ...outcomeStatements, ...childStatements }[name];
    expect([guardOf(sqlite), guardOf(postgres)]).toEqual([expected, expected]);
  });

  test("idle steps are cancelled from the phases in which no worker holds them", () => {
    const idle = from("cancelled").filter((phase) => stepAfter(phase, "lost") === undefined);
    expect(guardOf(stepStatements.stepsCancelIdle.sqlite)).toEqual(idle);
  });

  test("what a worker writes about an attempt asks for a live one", () => {
    const live = (["leased", "running"] as const).filter(isLiveStep).toSorted();
    for (const name of ["leasesRenew", "leasesTrust"] as const)
      expect(guardOf(attemptStatements[name].sqlite)).toEqual(live);
    expect(phases.filter(isLiveStep).toSorted()).toEqual(live);
  });
});
