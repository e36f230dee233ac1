import { parseRunId, parseStepId } from "@haversack/protocol";
import { expect, test } from "vitest";
import { afterEvent, afterLine, pictureAtStart } from "../follow/run-picture.ts";
import { fakeEvents, fakeRun, fakeStep } from "../testing/fake-client.ts";
import { createPaint } from "./paint.ts";
import { clip, printable, printableInColour, printableInOne, printableLines, widthOf } from "./printable.ts";
import { runView } from "./run-view.ts";

const plain = createPaint(false);
const size = { columns: 72, rows: 24 };
const steps = [
  fakeStep("greet", "succeeded"),
  fakeStep("part", "waiting", { depends: [fakeStep("greet", "ready").id] }),
];
const start = pictureAtStart(fakeRun("run-1", { steps }));

test("shows steps, states, elapsed time and the last log line", () => {
  const [first, second] = fakeEvents("greet", "succeeded");
  const running = [first, second].reduce(
    (picture, event) => (event ? afterEvent(picture, event) : picture),
    start,
  );
  const now = (second?.at ?? 0) + 1_300;
  expect(runView(afterLine(running, "greet", "half way"), now, size, plain)).toEqual([
    "hello  running  run-1  0/2 steps  1.8s",
    expect.stringMatching(/^ {2}\S greet {4}1\.3s {2}half way$/),
    "  · part           waits for greet",
  ]);
});

test("a step that is a run of its own names that run", () => {
  const own = [fakeStep("call", "running", { kind: "dag" })];
  const picture = pictureAtStart(fakeRun("run-1", { steps: own }));
  expect(runView(picture, 0, size, plain)[1]).toContain("its run starts");
  const started = afterEvent(picture, {
    seq: 1,
    at: 1000,
    change: {
      kind: "step",
      stepId: parseStepId("call"),
      phase: "running",
      attempt: 1,
      childRunId: parseRunId("run-2"),
    },
  });
  expect(runView(started, 2000, size, plain)[1]).toMatch(/1\.0s {2}run run-2$/);
});

test("a failure stays with its step, and the time stands still", () => {
  const picture = fakeEvents("greet", "failed", "exit code 3\nand more").reduce(afterEvent, start);
  const lines = runView(picture, Date.UTC(2027, 0, 1), size, plain);
  expect(lines[0]).toBe("hello  failed  run-1  1/2 steps  1.5s");
  expect(lines[1]).toBe("  ✗ greet   500ms  exit code 3");
});

test("a skipped step says why, and is counted; an excused failure says that the run goes on", () => {
  const own = [
    fakeStep("greet", "skipped", { condition: "params.go" }),
    fakeStep("tidy", "failed", { continueOnError: true }),
  ];
  let picture = pictureAtStart(fakeRun("run-1", { steps: own }));
  const change = (stepId: string, phase: "skipped" | "failed", message?: string) => ({
    seq: 1,
    at: 1000,
    change: {
      kind: "step" as const,
      stepId: parseStepId(stepId),
      phase,
      attempt: 1,
      ...(message === undefined ? {} : { failure: { code: "exit_code", message } }),
    },
  });
  expect(picture.steps.map(({ phase }) => phase)).toEqual(["waiting", "ready"]);
  picture = afterEvent(picture, change("greet", "skipped"));
  picture = afterEvent(picture, change("tidy", "failed", "exit code 3"));
  const [head, ...lines] = runView(picture, 2000, { columns: 100, rows: 24 }, plain);
  expect(head).toContain("2/2 steps, 1 skipped");
  expect(lines[0]).toContain("↷ greet");
  expect(lines[0]).toContain("skipped: its `if` was false: params.go");
  expect(lines[1]).toContain("✗ tidy");
  expect(lines[1]).toContain("failed, the run goes on: exit code 3");
});

test("no line is wider than the terminal, and there are never more lines than rows", () => {
  const many = Array.from({ length: 100 }, (_, index) =>
    fakeStep(`step-number-${index}-with-a-long-name`, "waiting"),
  );
  let picture = pictureAtStart(fakeRun("run-1", { steps: many, dagName: "漢字".repeat(30) }));
  picture = fakeEvents(many[70]?.id ?? "", "failed", "x".repeat(500)).reduce(afterEvent, picture);
  picture = afterLine(picture, many[1]?.id ?? "", "漢字".repeat(100));
  for (const columns of [50, 72, 200]) {
    const lines = runView(picture, 0, { columns, rows: 12 }, plain);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    expect(lines.length).toBeLessThan(12);
    expect(lines.join("\n")).toContain("✗ step-number-70");
    expect(lines.at(-1)).toMatch(/and \d+ more steps/);
  }
});

test("text from elsewhere cannot control the terminal", () => {
  expect(printable("a\u001b[2Jb\rc\u202ed\u0000\u009b31m")).toBe("a\\x1b[2Jb\\x0dc\\u202ed\\x00\\x9b31m");
  expect(printableInColour("\u001b[1;31mred\u001b[2J\u001b[0m")).toBe(
    "\u001b[1;31mred\\x1b[2J\u001b[0m\u001b[0m",
  );
  expect(printableInColour("a\rb")).toBe("a\\x0db");
  const several = "1. no\u001b[2J\r\n2. on\u001b[1A\u001b[Ke\rstep x succeeded\n";
  expect(printableLines(several.trimEnd(), 4)).toBe(
    "1. no\\x1b[2J\n    2. on\\x1b[1A\\x1b[Ke\\x0dstep x succeeded",
  );
  expect(printableInOne(several)).toBe("1. no\\x1b[2J; 2. on\\x1b[1A\\x1b[Ke\\x0dstep x succeeded");
  expect(printableLines("a\u2028b\u0085c\vd")).toBe("a\\u2028b\\x85c\\x0bd");
  expect(printable("\u001b[1;31mred\u001b[0m\ttab")).toBe("red\ttab");
  expect([clip("hello", 5), clip("hello!", 5), clip("漢字漢字", 5), clip("x", 0)]).toEqual([
    "hello",
    "hell…",
    "漢字…",
    "",
  ]);
});
