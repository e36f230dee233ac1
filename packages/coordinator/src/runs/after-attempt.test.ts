import type { AttemptResult, RetrySpec, StepSpec } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refOf } from "../testing/fleet-samples.ts";
import { afterLoss, afterResult, retryDelay, type StepHistory, spreadOf } from "./after-attempt.ts";
import { lostAttemptsMax } from "./lease.ts";

const noRetry: RetrySpec = { limit: 0, backoff: "fixed", delayMs: 100, maxDelayMs: 1000 };
const fresh: StepHistory = { failedCount: 0, lostCount: 0, cancelRequested: false };
const failure = { code: "exit_code", message: "exit code 1" };

const spec = (more: Partial<StepSpec> = {}): StepSpec => ({
  id: "a",
  depends: [],
  env: {},
  worker: {},
  retry: noRetry,
  outputs: [],
  artifacts: [],
  inputs: [],
  onWorkerLost: "retry",
  work: { kind: "run", script: "true", shell: ["sh"], workdir: "" },
  ...more,
});
type Result = Pick<AttemptResult, "outcome" | "failure" | "exitCode">;
const failed = (exitCode?: number): Result => ({
  outcome: "failed",
  failure,
  ...(exitCode === undefined ? {} : { exitCode }),
});

describe("after a result", () => {
  const retry: RetrySpec = { ...noRetry, limit: 2 };
  const twice = { ...fresh, failedCount: 2 };
  const retried = { event: "retried", delayMs: 100, failure };
  const cancelled = { ...fresh, cancelRequested: true };
  const stopped = { code: "worker_stopped", message: "the worker was stopped" };

  test.each<[string, StepSpec, StepHistory, Result, object]>([
    ["success is success", spec(), fresh, { outcome: "succeeded" }, { event: "succeeded" }],
    [
      "success counts though a cancel was on its way",
      spec(),
      cancelled,
      { outcome: "succeeded" },
      { event: "succeeded" },
    ],
    ["without retries a failure is final", spec(), fresh, failed(1), { event: "failed", failure }],
    ["with retries left it is tried again", spec({ retry }), fresh, failed(1), retried],
    ["with none left it is final", spec({ retry }), twice, failed(1), { event: "failed", failure }],
    ["a cancel wins over a failure", spec({ retry }), cancelled, failed(1), { event: "cancelled" }],
    ["a cancel wins over a return", spec(), cancelled, { outcome: "returned" }, { event: "cancelled" }],
    [
      "a listed exit code is tried again",
      spec({ retry: { ...retry, exitCodes: [75] } }),
      fresh,
      failed(75),
      retried,
    ],
    [
      "another exit code is not",
      spec({ retry: { ...retry, exitCodes: [75] } }),
      fresh,
      failed(1),
      { event: "failed", failure },
    ],
    [
      "no exit code is not a listed one",
      spec({ retry: { ...retry, exitCodes: [75] } }),
      fresh,
      failed(),
      { event: "failed", failure },
    ],
    [
      "a return without an effect costs nothing",
      spec({ onWorkerLost: "fail" }),
      fresh,
      { outcome: "returned" },
      { event: "returned" },
    ],
    [
      "an interrupted attempt is tried again",
      spec(),
      fresh,
      { outcome: "returned", failure: stopped },
      { event: "returned" },
    ],
    [
      "unless the step must not run twice",
      spec({ onWorkerLost: "fail" }),
      fresh,
      { outcome: "returned", failure: stopped },
      {
        event: "failed",
        failure: { code: "worker_stopped", message: "the worker was stopped; onWorkerLost is fail" },
      },
    ],
    [
      "a worker that cancels of its own accord hands back",
      spec(),
      fresh,
      { outcome: "cancelled" },
      { event: "returned" },
    ],
  ])("%s", (_, step, history, result, expected) => {
    expect(afterResult(step, history, result)).toEqual(expected);
  });

  test("a failure that says nothing is told as one", () => {
    expect(afterResult(spec(), fresh, { outcome: "failed" })).toEqual({
      event: "failed",
      failure: { code: "failed", message: "the step failed without saying why" },
    });
  });
});

describe("after a loss", () => {
  const lostTimes = (lostCount: number): StepHistory => ({ ...fresh, lostCount });

  test("it is tried again until the third loss, which fails the step", () => {
    expect(lostAttemptsMax).toBe(3);
    expect(afterLoss(spec(), lostTimes(0))).toEqual({ event: "lost" });
    expect(afterLoss(spec(), lostTimes(1))).toEqual({ event: "lost" });
    expect(afterLoss(spec(), lostTimes(2))).toMatchObject({
      event: "failed",
      failure: { code: "worker_lost" },
    });
  });

  test("failures do not count as losses, and losses not as failures", () => {
    expect(afterLoss(spec(), { ...fresh, failedCount: 9 })).toEqual({ event: "lost" });
    const step = spec({ retry: { ...noRetry, limit: 1 } });
    expect(afterResult(step, { ...fresh, lostCount: 2 }, failed(1))).toMatchObject({ event: "retried" });
  });

  test("onWorkerLost: fail fails at the first loss", () => {
    expect(afterLoss(spec({ onWorkerLost: "fail" }), fresh)).toMatchObject({ event: "failed" });
  });

  test("a lost attempt of a cancelled run is cancelled, whatever else holds", () => {
    const history = { failedCount: 9, lostCount: 9, cancelRequested: true };
    expect(afterLoss(spec({ onWorkerLost: "fail" }), history)).toEqual({ event: "cancelled" });
  });
});

describe("the delay before a retry", () => {
  const retrySpec = fc.record({
    limit: fc.nat(100),
    backoff: fc.constantFrom("fixed", "exponential"),
    delayMs: fc.integer({ min: 1, max: 1e12 }),
    maxDelayMs: fc.integer({ min: 1, max: 1e12 }),
  });

  test("never passes maxDelay, never shrinks from one failure to the next, and is a whole number", () => {
    fc.assert(
      fc.property(retrySpec, fc.nat(200), (retry, failedCount) => {
        const now = retryDelay(retry, failedCount);
        expect(now).toBeLessThanOrEqual(retry.maxDelayMs);
        expect(now).toBeGreaterThanOrEqual(Math.min(retry.delayMs, retry.maxDelayMs));
        expect(retryDelay(retry, failedCount + 1)).toBeGreaterThanOrEqual(now);
        expect(Number.isSafeInteger(now)).toBe(true);
      }),
    );
  });

  test("doubles, or stays", () => {
    const delays = (backoff: "fixed" | "exponential") =>
      [0, 1, 2, 3, 4].map((count) => retryDelay({ ...noRetry, backoff }, count));
    expect(delays("exponential")).toEqual([100, 200, 400, 800, 1000]);
    expect(delays("fixed")).toEqual([100, 100, 100, 100, 100]);
  });

  test("jitter leaves out up to its part of the delay, and nothing is left out without it", () => {
    const delays = (jitter?: number) =>
      [0, 0.5, 0.999].map((spread) =>
        retryDelay({ ...noRetry, ...(jitter === undefined ? {} : { jitter }) }, 0, spread),
      );
    expect([delays(), delays(0), delays(0.5), delays(1)]).toEqual([
      [100, 100, 100],
      [100, 100, 100],
      [100, 75, 50],
      [100, 50, 0],
    ]);
    const retry = { ...noRetry, limit: 1, jitter: 1 };
    expect(afterResult(spec({ retry }), fresh, failed(1), 0.25)).toMatchObject({ delayMs: 75 });
  });

  test("attempts are spread evenly, each always to the same place", () => {
    const spreads = Array.from({ length: 1000 }, (_, index) => spreadOf(refOf(`s${index}`)));
    expect(spreads.every((spread) => spread >= 0 && spread < 1)).toBe(true);
    for (const tenth of Array(10).keys()) {
      const within = spreads.filter((spread) => Math.floor(spread * 10) === tenth);
      expect(within.length).toBeGreaterThan(50);
    }
    expect(spreadOf(refOf("s7"))).toBe(spreads[7]);
    expect(spreadOf(refOf("s7", 2))).not.toBe(spreads[7]);
  });
});
