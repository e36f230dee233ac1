import { deployEffects, parseWorkerId } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contentOf, pendingOf, reportOf, rowOf, specOf } from "../testing/deployment-samples.ts";
import { refOf } from "../testing/fleet-samples.ts";
import { beginDeploy } from "./deployment-begin.ts";
import { applyReport, type DeployEnd } from "./deployment-report.ts";
import { type DeploymentRow, newDeployment } from "./deployment-row.ts";
import type { AttemptEnding } from "./step-moves.ts";

const end = (ending: AttemptEnding, more: Partial<DeployEnd> = {}): DeployEnd => ({
  ref: refOf("deploy"),
  ending,
  now: 50,
  ...more,
});
/** Revision 2 stands, 3 is being made. */
const replacing = rowOf({ lastRevision: 3, pending: pendingOf() });
/** Nothing stood before. */
const first: DeploymentRow = {
  ...newDeployment("web"),
  lastRevision: 3,
  workerId: parseWorkerId("w"),
  pending: pendingOf(),
};
const { target: _, ...withoutTarget } = pendingOf({ revision: 2 });
const removing = rowOf({ pending: withoutTarget });

type Expected = Partial<Record<"state" | "revision" | "container" | "workerId" | "failure", unknown>>;
const table: [
  name: string,
  row: DeploymentRow,
  ending: AttemptEnding,
  effect: (typeof deployEffects)[number] | undefined,
  expected: Expected,
][] = [
  [
    "the new one runs",
    replacing,
    "succeeded",
    "started",
    { state: "running", revision: 3, container: "c3", workerId: "w" },
  ],
  ["the first one runs", first, "succeeded", "started", { state: "running", revision: 3, workerId: "w" }],
  ["it ran already", replacing, "succeeded", "unchanged", { state: "running", revision: 3 }],
  [
    "the old one is back",
    replacing,
    "failed",
    "rolled-back",
    { state: "running", revision: 2, failure: "no" },
  ],
  [
    "there was none to go back to",
    first,
    "failed",
    "rolled-back",
    { state: "failed", revision: 0, workerId: undefined },
  ],
  [
    "nothing stands",
    replacing,
    "failed",
    "none",
    { state: "failed", revision: 0, workerId: undefined, container: undefined },
  ],
  [
    "it runs, and the step was cancelled",
    replacing,
    "cancelled",
    "started",
    { state: "running", revision: 3, failure: "no" },
  ],
  ["it never began", replacing, "failed", undefined, { state: "running", revision: 2, workerId: "w" }],
  [
    "the first never began",
    first,
    "failed",
    undefined,
    { state: "failed", revision: 0, workerId: undefined },
  ],
  ["it was handed back", first, "returned", undefined, { state: "absent", revision: 0, workerId: undefined }],
  ["its worker was lost", replacing, "lost", undefined, { state: "running", revision: 2, workerId: "w" }],
  [
    "the worker of the first was lost",
    first,
    "lost",
    undefined,
    { state: "failed", revision: 0, workerId: "w" },
  ],
  ["it is gone", removing, "succeeded", "removed", { state: "absent", revision: 0, workerId: undefined }],
  [
    "it could not be removed",
    removing,
    "failed",
    "none",
    { state: "running", revision: 2, workerId: "w", failure: "no" },
  ],
];

describe("what the end of an attempt makes of a deployment", () => {
  test.each(table)("%s", (...[, row, ending, effect, expected]) => {
    const failure = ending === "succeeded" ? {} : { failure: "no" };
    const report = effect === undefined ? {} : { report: reportOf(effect) };
    const after = applyReport(row, end(ending, { ...failure, ...report }));
    const told = Object.keys(expected).map((key) => [key, after[key as keyof DeploymentRow]]);
    expect(Object.fromEntries(told)).toEqual(expected);
    expect(after.pending?.live ?? false).toBe(false);
    expect(after.lastRevision).toBe(row.lastRevision);
  });

  test("another attempt's end, or one that has ended, changes nothing", () => {
    const report = reportOf("started");
    expect(applyReport(replacing, end("succeeded", { ref: refOf("deploy", 2), report }))).toBe(replacing);
    const once = applyReport(replacing, end("succeeded", { report }));
    expect(applyReport(once, end("succeeded", { report: reportOf("none") }))).toBe(once);
  });

  test("its time begins with the deploy, and anew when the same is deployed again", () => {
    const timed = pendingOf({ target: { spec: specOf("c"), content: contentOf("web", { ttlMs: 1000 }) } });
    const row = rowOf({ lastRevision: 3, pending: timed });
    const deployed = applyReport(row, end("succeeded", { report: reportOf("started") }));
    expect(deployed).toMatchObject({ deployedAt: 50, expiresAt: 1050 });
    const again = { ...deployed, pending: timed };
    const kept = applyReport(again, end("succeeded", { report: reportOf("unchanged"), now: 700 }));
    expect(kept).toMatchObject({ deployedAt: 50, expiresAt: 1700 });
  });

  test("what could not be removed when its time was over is removed later", () => {
    const expired = { ...removing, expiresAt: 40, expiring: 40 };
    const after = applyReport(expired, end("failed", { report: reportOf("none") }));
    expect(after).toMatchObject({ state: "running", expiresAt: 600_050 });
    expect(after).not.toHaveProperty("expiring");
  });
});

describe("a deploy that begins", () => {
  const asked = { name: "web", ref: refOf("deploy"), workerId: parseWorkerId("w"), isRestore: false, now: 9 };
  const target = (letter: string) => ({ spec: specOf(letter), content: contentOf("web") });
  const revisionOf = (row: DeploymentRow | undefined, letter: string) => {
    const begun = beginDeploy(row, { ...asked, target: target(letter) });
    return begun.kind === "begun" ? [begun.revision, begun.replaces, begun.row.lastRevision] : begun.kind;
  };

  test("has a revision that never was, the standing one when it is the same, or that of a lost attempt at the same", () => {
    expect(revisionOf(undefined, "a")).toEqual([1, undefined, 1]);
    expect(revisionOf(rowOf(), "b")).toEqual([2, undefined, 2]);
    expect(revisionOf(rowOf(), "c")).toEqual([3, 2, 3]);
    const lost = rowOf({ lastRevision: 5, pending: pendingOf({ live: false, dirty: true, revision: 5 }) });
    expect(revisionOf(lost, "c")).toEqual([5, 2, 5]);
    expect(revisionOf(lost, "d")).toEqual([6, 2, 6]);
    expect(revisionOf(rowOf({ revision: 0, lastRevision: 4, state: "absent" }), "b")).toEqual([
      5,
      undefined,
      5,
    ]);
  });

  test("begins on the worker where the name stands, and nowhere else", () => {
    const there = rowOf({ workerId: parseWorkerId("v") });
    expect(beginDeploy(there, { ...asked, target: target("c") })).toEqual({
      kind: "elsewhere",
      workerId: "v",
    });
  });

  test("that fills in secrets is exactly what stands, whatever has changed since", () => {
    const restore = { ...asked, isRestore: true, target: target("e") };
    const lacking = rowOf({ state: "needs-secrets" });
    expect(beginDeploy(lacking, restore)).toMatchObject({ revision: 2, spec: specOf("b"), restore: true });
    expect(beginDeploy(rowOf(), restore)).toMatchObject({ revision: 2, restore: false });
    const { workerId: _, ...gone } = rowOf({ revision: 0, state: "absent" });
    expect(beginDeploy(gone, restore)).toEqual({ kind: "gone" });
  });
});

const anyStep = fc.record({
  letter: fc.constantFrom("a", "b", "c", undefined),
  worker: fc.constantFrom("w", "v"),
  ending: fc.constantFrom("succeeded", "failed", "cancelled", "returned", "lost"),
  effect: fc.option(fc.constantFrom(...deployEffects), { nil: undefined }),
} as const);

test("any row of deploys: revisions never come twice for different specs, and what stands stands on one worker", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 12 }), (steps) => {
      let row: DeploymentRow | undefined;
      const specs = new Map<number, string>();
      for (const [attempt, { letter, worker, ending, effect }] of steps.entries()) {
        const ref = refOf("deploy", attempt + 1);
        const target =
          letter === undefined ? {} : { target: { spec: specOf(letter), content: contentOf("web") } };
        const asked = {
          name: "web",
          ref,
          workerId: parseWorkerId(worker),
          isRestore: false,
          now: attempt,
          ...target,
        };
        const begun = beginDeploy(row, asked);
        if (begun.kind !== "begun") {
          expect(row?.workerId).not.toBe(worker);
          continue;
        }
        if (letter !== undefined) {
          expect(specs.get(begun.revision) ?? letter).toBe(letter);
          specs.set(begun.revision, letter);
        }
        const report = ending === "lost" || effect === undefined ? {} : { report: reportOf(effect) };
        row = applyReport(begun.row, { ref, ending, now: attempt, ...report });
        expect(row.revision).toBeLessThanOrEqual(row.lastRevision);
        if (row.revision > 0) expect(row.workerId).toBe(worker);
        expect(row.pending?.live ?? false).toBe(false);
        expect(row.state === "absent" || row.state === "failed").toBe(row.revision === 0);
      }
    }),
  );
});
