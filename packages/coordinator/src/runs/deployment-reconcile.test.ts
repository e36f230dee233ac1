import { type ObservedDeployment, parseWorkerId } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contentOf, pendingOf, rowOf, seenOf, specOf } from "../testing/deployment-samples.ts";
import { type Reconciled, reconcile } from "./deployment-reconcile.ts";
import { type DeploymentRow, keptStates, newDeployment } from "./deployment-row.ts";

const [w, other] = [parseWorkerId("w"), parseWorkerId("other")];

/** What worker `w` sees, at time 100. */
function look(
  rows: readonly DeploymentRow[],
  seen: readonly ObservedDeployment[],
  asked: readonly string[] = [],
  now = 100,
): Reconciled {
  return reconcile({ workerId: w, rows, seen, isAsked: (name) => asked.includes(name), now });
}
const nothingTold = { remove: [], restore: [], alarms: [] };

describe("the row's revision is there", () => {
  test("and runs: it is adopted with its health, and never restarted", () => {
    const { rows, ...told } = look(
      [rowOf({ state: "missing" })],
      [seenOf(2, { healthy: true, container: "x" })],
    );
    expect(told).toEqual(nothingTold);
    expect(rows).toMatchObject([
      { state: "running", container: "x", seen: { state: "running", healthy: true }, seenAt: 100 },
    ]);
  });

  test("and ended: it is stopped, with exit code and last lines; that is told once", () => {
    const ended = seenOf(2, { state: "exited", exitCode: 3, lastLines: "oops" });
    const first = look([rowOf()], [ended]);
    expect(first.rows).toMatchObject([
      { state: "stopped", seen: { state: "exited", exitCode: 3, lastLines: "oops" } },
    ]);
    expect(first.alarms).toEqual([{ name: "web", message: "its container ended with exit code 3" }]);
    expect(look(first.rows, [ended])).toMatchObject(nothingTold);
  });

  test("and lacks its secrets: they are filled in again, at ever longer intervals", () => {
    const lacking = [seenOf(2, { state: "needs-secrets" })];
    const first = look([rowOf()], lacking);
    expect(first).toMatchObject({
      restore: ["web"],
      rows: [{ state: "needs-secrets", restore: { tries: 1, notBefore: 60_100 } }],
    });
    expect(look(first.rows, lacking, [], 60_099).restore).toEqual([]);
    const second = look(first.rows, lacking, [], 60_100);
    expect(second).toMatchObject({ restore: ["web"], rows: [{ restore: { tries: 2, notBefore: 180_100 } }] });
    expect(look(second.rows, [seenOf(2)]).rows[0]).not.toHaveProperty("restore");
    expect(look([rowOf()], lacking, ["web"]).restore).toEqual([]);
  });
});

test("nothing is there, and the row says running: missing, told once, and made by nobody", () => {
  const { rows, ...told } = look([rowOf()], []);
  expect(rows).toMatchObject([{ state: "missing", revision: 2, workerId: "w" }]);
  expect(told).toMatchObject({ remove: [], restore: [], alarms: [{ name: "web" }] });
  expect(look(rows, []).alarms).toEqual([]);
});

describe("another revision", () => {
  test("beside the row's: the row's is kept, the other removed", () => {
    const { rows, ...told } = look([rowOf({ lastRevision: 3 })], [seenOf(1), seenOf(2), seenOf(3)]);
    expect(told.remove.map(({ container }) => container)).toEqual(["c1", "c3"]);
    expect(rows).toMatchObject([{ state: "running", revision: 2 }]);
  });

  test("instead of the row's: it is removed, and the row's is missing", () => {
    const { rows, remove } = look([rowOf()], [seenOf(1)]);
    expect([remove.length, rows[0]?.state]).toEqual([1, "missing"]);
  });

  test("stays for as long as an attempt for the name is live, or about to be", () => {
    const live = rowOf({ lastRevision: 3, pending: pendingOf() });
    expect(look([live], [seenOf(2), seenOf(3)])).toEqual({
      ...nothingTold,
      rows: [{ ...live, seenAt: 100 }],
    });
    expect(look([rowOf()], [seenOf(1), seenOf(2, { busy: true })])).toMatchObject(nothingTold);
    expect(look([rowOf()], [seenOf(1), seenOf(2)], ["web"]).remove).toEqual([]);
  });

  test("that a lost attempt left is removed, and the name is free when nothing is left", () => {
    const lost = rowOf({
      state: "failed",
      revision: 0,
      lastRevision: 1,
      pending: pendingOf({ live: false, dirty: true, revision: 1 }),
    });
    const first = look([lost], [seenOf(1)]);
    expect(first.remove.map(({ revision }) => revision)).toEqual([1]);
    expect(first.rows[0]?.workerId).toBe("w");
    const [free] = look(first.rows, []).rows;
    expect(free).toMatchObject({ state: "failed", revision: 0, lastRevision: 1 });
    expect([free?.workerId, free?.pending]).toEqual([undefined, undefined]);
  });
});

describe("ours, and the row says otherwise", () => {
  test("absent: it goes", () => {
    const { workerId: _, ...absent } = rowOf({ state: "absent", revision: 0 });
    expect(look([absent], [seenOf(2)])).toMatchObject({ remove: [{ name: "web", revision: 2 }], rows: [] });
  });

  test("abandoned: it goes when its worker returns, and then nothing is known of it", () => {
    const { workerId: _, ...rest } = rowOf({ state: "abandoned", revision: 0, abandonedOn: w });
    expect(look([rest], [seenOf(2)]).remove).toHaveLength(1);
    expect(look([rest], []).rows).toMatchObject([{ state: "absent" }]);
    expect(look([rest], []).rows[0]).not.toHaveProperty("abandonedOn");
  });

  test("deployed on another worker meanwhile: it goes, and the other one is not touched", () => {
    const elsewhere = rowOf({ workerId: other, revision: 3, lastRevision: 3, abandonedOn: w });
    expect(look([elsewhere], [seenOf(2)])).toMatchObject({ remove: [{ revision: 2 }], rows: [] });
    expect(look([elsewhere], []).rows).toEqual([expect.not.objectContaining({ abandonedOn: w })]);
    expect(look([elsewhere], []).rows).toMatchObject([{ state: "running", revision: 3, workerId: "other" }]);
  });
});

describe("the database is older than the container", () => {
  test("no row at all: an orphan, kept and shown; it counts as what stands under the name", () => {
    const { rows, ...told } = look([], [seenOf(4, { spec: specOf("d") }), seenOf(3)]);
    expect(rows).toMatchObject([
      { name: "web", state: "orphan", revision: 4, lastRevision: 4, spec: specOf("d"), workerId: "w" },
    ]);
    expect(told).toMatchObject({ remove: [], restore: [], alarms: [{ name: "web" }] });
    // It stays one until somebody decides.
    expect(look(rows, [seenOf(4)])).toMatchObject({ remove: [], rows: [{ state: "orphan" }], alarms: [] });
  });

  test("a revision that was never given out is not removed: the row's future was lost with the database", () => {
    expect(look([rowOf()], [seenOf(2), seenOf(5)])).toMatchObject({
      remove: [],
      rows: [{ state: "orphan", revision: 5, lastRevision: 5 }],
    });
    expect(look([rowOf({ workerId: other })], [seenOf(5)])).toEqual({ ...nothingTold, rows: [] });
    const free = { ...newDeployment("web"), lastRevision: 2 };
    expect(look([free], [seenOf(5)]).rows).toMatchObject([{ state: "orphan", workerId: "w" }]);
  });
});

const anyRow: fc.Arbitrary<DeploymentRow> = fc
  .record({
    last: fc.nat(4),
    revision: fc.nat(4),
    state: fc.constantFrom(...keptStates),
    worker: fc.constantFrom(w, other, undefined),
    pending: fc.constantFrom(undefined, pendingOf(), pendingOf({ live: false, dirty: true })),
  } as const)
  .map(({ last, revision, state, worker, pending }) => {
    const { workerId: _, ...row } = rowOf({ state, revision: Math.min(last, revision), lastRevision: last });
    const placed = worker === undefined ? { ...row, revision: 0 } : { ...row, workerId: worker };
    return { ...placed, content: contentOf("web"), ...(pending === undefined ? {} : { pending }) };
  });
const anySeen = fc.uniqueArray(
  fc.record({
    revision: fc.integer({ min: 1, max: 6 }),
    state: fc.constantFrom("created", "running", "exited", "needs-secrets"),
    busy: fc.boolean(),
  } as const),
  { selector: ({ revision }) => revision, maxLength: 4 },
);

test("whatever is seen: what the row names is never removed, nothing is while a step is at work, and a second look finds nothing new", () => {
  fc.assert(
    fc.property(fc.option(anyRow, { nil: undefined }), anySeen, fc.boolean(), (row, containers, asked) => {
      const seen = containers.map(({ revision, ...more }) => seenOf(revision, more));
      const names = asked ? ["web"] : [];
      const first = look(row === undefined ? [] : [row], seen, names);
      const known = first.rows[0] ?? row;
      const isKept = first.remove.every(
        ({ revision }) => known?.workerId !== w || revision !== known.revision,
      );
      expect(isKept).toBe(true);
      const isAtWork = row?.pending?.live === true || seen.some(({ busy }) => busy) || asked;
      if (isAtWork && row !== undefined) expect(first.remove).toEqual([]);
      expect(first.remove.every(({ revision }) => revision <= (known?.lastRevision ?? 0))).toBe(true);
      if (known === undefined) return;
      const second = look([known], seen, names);
      expect(second.alarms).toEqual([]);
      expect(second.restore).toEqual([]);
      expect(second.rows[0]?.state ?? known.state).toBe(known.state);
    }),
  );
});
