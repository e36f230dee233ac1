import { type LogPiece, parseRunId, parseStepId, type RunDetail, type RunEvent } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { type Evidence, judgeRun } from "./judge.ts";
import { expectedOutput, type MadeDag } from "./workload.ts";

const print = { parts: 2, lines: 3, pauseMs: 0 };
const dag: MadeDag = {
  token: "chaos-t-0-end",
  text: "",
  steps: [
    { id: "a", depends: [], output: print, leavesProcesses: false },
    { id: "b", depends: ["a"], output: print, leavesProcesses: false },
  ],
};

const step = (stepId: string, phase: string, attempt = 1) => ({ stepId, phase, attempt });
const numbered = (steps: readonly ReturnType<typeof step>[]): RunEvent[] =>
  steps.map((change, index) => ({
    seq: index + 1,
    at: 0,
    change: { kind: "step", ...change, stepId: parseStepId(change.stepId) },
  })) as RunEvent[];

const fairSteps = [step("a", "leased"), step("a", "succeeded"), step("b", "leased"), step("b", "succeeded")];
const run = (status: string, more: object = {}): RunDetail =>
  ({
    id: parseRunId("r"),
    status,
    steps: [
      { id: "a", depends: [], phase: "succeeded", ...more },
      { id: "b", depends: ["a"], phase: "succeeded" },
    ],
  }) as unknown as RunDetail;

const logOf = (stepId: string, text: string, attempt = 1, offset = 0): LogPiece => ({
  position: 0,
  stepId: parseStepId(stepId),
  attempt,
  stream: "stdout",
  offset,
  data: Buffer.from(text),
});
const whole = (id: string): string => expectedOutput(dag.token, id, print);

function evidence(more: Partial<Evidence> = {}): Evidence {
  const events = more.events ?? numbered(fairSteps);
  const logs = [logOf("a", whole("a")), logOf("b", whole("b"))];
  return { dag, run: run("succeeded"), cancel: undefined, seen: events, events, logs, runsOfKey: 1, ...more };
}

const clean = { lost: 0, acceptedTwice: 0, orderViolations: 0, logBytesLost: 0, wrongEnds: 0, why: [] };

describe("the judge has nothing against", () => {
  test("a run as it should be", () => expect(judgeRun(evidence())).toEqual(clean));

  test("an attempt that was lost with half of its log", () => {
    const events = numbered([
      step("a", "leased"),
      step("a", "ready"),
      step("a", "leased", 2),
      ...fairSteps.slice(1),
    ]);
    const winner = events.map((event) =>
      event.change.kind === "step" && event.change.stepId === "a" && event.change.phase === "succeeded"
        ? { ...event, change: { ...event.change, attempt: 2 } }
        : event,
    );
    const logs = [logOf("a", whole("a").slice(0, 50)), logOf("a", whole("a"), 2), logOf("b", whole("b"))];
    expect(judgeRun(evidence({ events: winner, logs }))).toEqual(clean);
  });

  test("a cancelled run that somebody wanted cancelled", () => {
    const events = numbered([step("a", "leased"), step("a", "cancelled")]);
    const told = { run: run("cancelled"), cancel: "accepted" as const, events, logs: [] };
    expect(judgeRun(evidence(told))).toEqual(clean);
  });

  test("a step that failed because it lost three workers", () => {
    const events = numbered([1, 2, 3].map((attempt) => step("a", "leased", attempt)));
    const failed = run("failed", { phase: "failed", failure: { code: "worker_lost", message: "" } });
    expect(judgeRun(evidence({ run: failed, events, logs: [] }))).toEqual(clean);
  });
});

describe("the judge notices", () => {
  const events = numbered(fairSteps);
  test.each<[string, Partial<Evidence>, object]>([
    ["a submission that nobody answered", { run: undefined }, { lost: 1 }],
    ["a run that never ended", { run: run("running") }, { lost: 1 }],
    ["one key with two runs", { runsOfKey: 2 }, { acceptedTwice: 1 }],
    ["a run that is gone", { runsOfKey: 0 }, { acceptedTwice: 1 }],
    [
      "a step that was accepted twice",
      { events: numbered([...fairSteps, step("b", "succeeded")]) },
      { acceptedTwice: 1 },
    ],
    ["a step that was never accepted", { events: numbered(fairSteps.slice(0, 3)) }, { lost: 1 }],
    ["a gap in the events", { events: events.filter(({ seq }) => seq !== 3) }, { orderViolations: 1 }],
    ["a client that saw something else", { seen: events.slice(1) }, { orderViolations: 1 }],
    [
      "a step that began before its dependency had ended",
      { events: numbered([0, 2, 1, 3].map((at) => fairSteps[at] ?? step("", ""))) },
      { orderViolations: 1 },
    ],
    [
      "a step that was given out after its end",
      { events: numbered([...fairSteps, step("b", "leased", 2)]) },
      { orderViolations: 1 },
    ],
    ["a cancelled run that nobody wanted cancelled", { run: run("cancelled") }, { wrongEnds: 1 }],
    [
      "a run that failed for another reason",
      { run: run("failed", { phase: "failed", failure: { code: "exit_code", message: "" } }) },
      { wrongEnds: 1 },
    ],
    [
      "a failure after one loss",
      { run: run("failed", { phase: "failed", failure: { code: "worker_lost", message: "" } }) },
      { wrongEnds: 1 },
    ],
    [
      "a log that ends too early",
      { logs: [logOf("a", whole("a").slice(0, -7)), logOf("b", whole("b"))] },
      { logBytesLost: 7 },
    ],
    ["a log that is not there", { logs: [logOf("b", whole("b"))] }, { logBytesLost: whole("a").length }],
    [
      "a byte that is another one",
      { logs: [logOf("a", `X${whole("a").slice(1)}`), logOf("b", whole("b"))] },
      { logBytesLost: whole("a").length },
    ],
    [
      "a piece twice",
      {
        logs: [
          logOf("a", whole("a")),
          logOf("a", whole("a").slice(-5), 1, whole("a").length),
          logOf("b", whole("b")),
        ],
      },
      { logBytesLost: 5 },
    ],
  ])("%s", (_, more, wanted) => {
    const { why, ...counts } = judgeRun(evidence(more));
    expect(counts).toMatchObject(wanted);
    expect(why.length).toBeGreaterThan(0);
  });
});
