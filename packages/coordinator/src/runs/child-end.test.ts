import type { StepSpec } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { NextMove, StepHistory } from "./after-attempt.ts";
import { afterChild, type ChildEnd } from "./child-end.ts";

const spec: StepSpec = {
  id: "call",
  depends: [],
  env: {},
  worker: {},
  timeoutMs: 90_000,
  retry: { limit: 1, backoff: "fixed", delayMs: 5, maxDelayMs: 5 },
  outputs: [],
  artifacts: [],
  inputs: [],
  onWorkerLost: "retry",
  work: { kind: "dag", use: "build", params: {} },
};
const ended = (end: Partial<ChildEnd>): ChildEnd => ({
  runId: "r1",
  dagName: "build",
  status: "failed",
  timedOut: false,
  ...end,
});
const fresh: StepHistory = { failedCount: 0, lostCount: 0, cancelRequested: false };
const failure = { code: "exit_code", message: "step make: exit code 2" };

describe("the end of a child run", () => {
  test.each<[string, Partial<ChildEnd>, NextMove["event"], string]>([
    ["success", { status: "succeeded" }, "succeeded", ""],
    ["success after its time", { status: "succeeded", timedOut: true }, "succeeded", ""],
    ["failure", { failure }, "failed", "child_failed: run r1 of build: step make: exit code 2"],
    ["a cancel by somebody", { status: "cancelled" }, "cancelled", ""],
    [
      "the end of its time",
      { status: "cancelled", timedOut: true },
      "failed",
      "timeout: run r1 of build ran longer than its time limit of 1m30s",
    ],
    [
      "outputs that are too large",
      { status: "succeeded", outputProblem: "too large" },
      "failed",
      "bad_outputs: run r1 of build: too large",
    ],
  ])("%s", (_name, end, event, told) => {
    const last = { ...fresh, failedCount: 1 };
    const move = afterChild(spec, last, ended(end));
    expect(move.event).toBe(event);
    expect(move.event === "failed" ? `${move.failure.code}: ${move.failure.message}` : "").toBe(told);
  });

  test("is tried again as a failure is, and not after a cancel", () => {
    expect(afterChild(spec, fresh, ended({ failure }))).toMatchObject({ event: "retried", delayMs: 5 });
    expect(afterChild(spec, fresh, ended({ status: "cancelled", timedOut: true })).event).toBe("retried");
    expect(afterChild(spec, fresh, ended({ status: "cancelled" })).event).toBe("cancelled");
  });

  test("of a run that is being cancelled: success still counts, all else is a cancel", () => {
    const cancelled = { ...fresh, cancelRequested: true };
    expect(afterChild(spec, cancelled, ended({ status: "succeeded" })).event).toBe("succeeded");
    expect(afterChild(spec, cancelled, ended({ failure })).event).toBe("cancelled");
    expect(afterChild(spec, cancelled, ended({ status: "cancelled" })).event).toBe("cancelled");
  });
});
