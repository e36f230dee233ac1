/** Steps with items on the command line: folded, or one by one. */

import { createHash } from "node:crypto";
import {
  type HaversackClient,
  type ItemCounts,
  parseDigest,
  parseStepId,
  type RunEvent,
  type StepPhase,
} from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { exitCodes } from "./exit-codes.ts";
import { afterEvent, afterLine, pictureAtStart } from "./follow/run-picture.ts";
import { createPaint } from "./print/paint.ts";
import { runView } from "./print/run-view.ts";
import { runProgram } from "./program.ts";
import { fakeClient, fakePiece, fakeRun, fakeStep } from "./testing/fake-client.ts";
import { fakeOutside } from "./testing/fake-outside.ts";

const digestOfX = parseDigest(`sha256:${createHash("sha256").update("x").digest("hex")}`);
const counts = (more: Partial<ItemCounts> = {}): ItemCounts => ({
  total: 150,
  waiting: 103,
  active: 10,
  succeeded: 35,
  failed: 2,
  cancelled: 0,
  ...more,
});
const group = (phase: StepPhase, items = counts()) => fakeStep("build", phase, { items });
const item = (index: number) =>
  fakeStep(`build.${index}`, "succeeded", {
    item: { value: `v${index}` },
    artifacts: [{ path: "out.txt", digest: digestOfX, size: 1, executable: false }],
  });
const asked: object[] = [];
const client: Partial<HaversackClient> = {
  run: async (id) =>
    fakeRun(id, { status: "running", steps: [group("running"), fakeStep("after", "waiting")] }),
  items: async ({ stepId, pageToken = "" }) => {
    asked.push({ stepId, pageToken });
    if (stepId !== "build") return { items: [item(Number(stepId.split(".")[1]))], nextPageToken: "" };
    return pageToken === ""
      ? { items: [item(0)], nextPageToken: "next" }
      : { items: [item(1)], nextPageToken: "" };
  },
  logs: async function* ({ stepId = "" }) {
    asked.push({ logs: stepId });
    yield fakePiece(1, "build.3", "hello\n");
  },
  artifact: async function* () {
    yield Buffer.from("x");
  },
};

async function haversack(argv: string, more: Partial<HaversackClient> = {}) {
  asked.length = 0;
  const outside = fakeOutside({
    env: { HAVERSACK_URL: "http://127.0.0.1:1", HAVERSACK_TOKEN: "t" },
    cwd: "/",
  });
  const code = await runProgram(argv.split(" "), outside, () => fakeClient({ ...client, ...more }));
  return { code, ...outside.written };
}

describe("haversack show", () => {
  test("folds items", async () => {
    const { out } = await haversack("show run-1");
    expect(out).toMatch(/^build +run +running .* 37\/150, 2 failed$/m);
    expect(asked).toEqual([]);
  });

  test("--items shows each, over all pages", async () => {
    const { out } = await haversack("show run-1 --items");
    expect(out).toMatch(/^build .*\nbuild\.0 .*\nbuild\.1 .*\nafter /m);
    expect(asked).toEqual([
      { stepId: "build", pageToken: "" },
      { stepId: "build", pageToken: "next" },
    ]);
  });

  test("shows one step with its items, or one item", async () => {
    expect((await haversack("show run-1 build")).out).not.toMatch(/^after /m);
    const { out } = await haversack("show run-1 build.3 --json");
    const { steps } = JSON.parse(out) as { steps: { id: string; item: object }[] };
    expect(steps.map(({ id, item: value }) => [id, value])).toEqual([["build.3", { value: "v3" }]]);
  });

  test.each([
    ["build.150", "build has 150 items, build.0 to build.149"],
    ["after.0", "it has build, after"],
    ["other", "it has build, after"],
  ])("%s is nowhere", async (name, have) => {
    const { code, err } = await haversack(`show run-1 ${name}`);
    expect(code).toBe(exitCodes.missing);
    expect(err).toContain(`has no step ${name}; ${have}`);
  });

  test("one step cannot be followed", async () => {
    const { code, err } = await haversack("show run-1 build --follow");
    expect(code).toBe(exitCodes.invalid);
    expect(err).toContain("--follow shows the whole run");
  });
});

test("logs of a step with items say whose line it is, those of one item do not", async () => {
  expect((await haversack("logs run-1 build")).out).toBe("[build.3] hello\n");
  expect((await haversack("logs run-1 build.3")).out).toBe("hello\n");
  expect(asked).toEqual([{ logs: "build.3" }]);
});

test("an artifact of one item", async () => {
  expect(await haversack("artifact run-1 build.3 out.txt")).toMatchObject({ code: exitCodes.ok });
  expect((await haversack("artifact run-1 build.3 other.txt")).err).toContain("it has build.3 out.txt");
});

let seq = 0;
const change = (stepId: string, phase: StepPhase, more: object = {}): RunEvent => ({
  seq: ++seq,
  at: 1000 + seq,
  change: { kind: "step", stepId: parseStepId(stepId), phase, attempt: 1, ...more },
});

test("the live view counts items from their events", () => {
  const start = pictureAtStart(
    fakeRun("run-1", { steps: [group("succeeded"), fakeStep("after", "waiting")] }),
  );
  expect(start.steps[0]).toMatchObject({ phase: "waiting", items: { total: 0 } });
  const picture = [
    change("build", "running", { items: 3 }),
    change("build.0", "leased"),
    change("build.1", "leased"),
    change("build.0", "running"),
    change("build.0", "succeeded"),
    change("build.1", "failed"),
    change("other.7", "failed"),
  ].reduce(afterEvent, start);
  const size = { columns: 80, rows: 20 };
  const line = (of: typeof picture) => runView(of, 0, size, createPaint(false))[1];
  expect(line(picture)).toMatch(/build .*2\/3, 1 failed$/);
  expect(line(afterLine(picture, "build.2", "half way"))).toMatch(/2\/3, 1 failed {2}half way$/);
});

test("followed line by line, each end of an item is told, and what the first one that failed said", async () => {
  const failure = { code: "exit_code", message: "exit code 2" };
  const events = [
    { seq: 1, at: 1, change: { kind: "run", status: "running", cancelRequested: false } as const },
    change("build", "running", { items: 2 }),
    change("build.0", "running"),
    change("build.0", "succeeded"),
    change("build.1", "failed", { failure }),
    change("build", "failed", { failure }),
    { seq: 99, at: 9, change: { kind: "run", status: "failed", cancelRequested: false } as const },
  ];
  const ended = fakeRun("run-1", { status: "failed", steps: [{ ...group("failed"), failure }] });
  const { out } = await haversack("show run-1 --follow", {
    run: async () => ended,
    watch: async function* () {
      yield* events;
    },
    logs: async function* () {
      yield fakePiece(1, "build.1", "no such file\n");
    },
  });
  expect(out).toContain("step build.0 succeeded (1/2)\n");
  expect(out).toContain("step build.1 failed (2/2, 1 failed): exit code 2\n");
  expect(out).not.toContain("step build.0 runs");
  expect(out).toMatch(/its last log lines:\n {4}no such file\n/);
});
