import { parseRunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { WaitFacts } from "../runs/wait-facts.ts";
import { viewWorker } from "../testing/fleet-samples.ts";
import { waitReasons } from "./why.ts";

const now = 1_000_000;
const run = parseRunId("r1");
const facts = (more: Partial<WaitFacts> = {}): WaitFacts => ({
  phase: "ready",
  isPaused: false,
  isOwnRun: false,
  notBefore: 0,
  queue: { priority: 3, share: "demo", selector: {}, limits: [] },
  behind: [],
  isHandler: false,
  isItem: false,
  limits: [],
  ...more,
});
const free = [viewWorker("w", 1)];
const messages = (more: Partial<WaitFacts>, workers = free) =>
  waitReasons(facts(more), workers, now).map(({ code, message }) => `${code}: ${message}`);

describe("a step that is not released", () => {
  const waiting = { phase: "waiting" } as const;

  test("names the steps before it that have not ended", () => {
    const behind = [
      { id: "build", phase: "running" },
      { id: "lint", phase: "ready" },
    ] as const;
    expect(messages({ ...waiting, behind })).toEqual(["dependency: waits for build (running), lint (ready)"]);
    const many = Array.from({ length: 8 }, (_, index) => ({ id: `s${index}`, phase: "ready" as const }));
    expect(messages({ ...waiting, behind: many })[0]).toMatch(/s4 \(ready\) and 3 more$/);
  });

  test("says that other items have their turn", () => {
    expect(messages({ ...waiting, isItem: true })).toEqual([
      "items: as many items of its step as may be are under way",
    ]);
  });

  test("says that it is a handler", () => {
    expect(messages({ ...waiting, isHandler: true })).toEqual([
      "handler: comes when the steps of the run have ended",
    ]);
  });

  test("names the runs that have the key of its run, and how many wait before it", () => {
    const hold = { key: "deploy", limit: 1, runs: [run], ahead: 2 };
    expect(messages({ ...waiting, hold })).toEqual([
      "run_concurrency: one run at a time may have the key deploy: r1 has it; 2 runs wait before this one",
    ]);
  });
});

test("a step that was asked of a person waits for the answer", () => {
  expect(messages({ phase: "suspended" })).toEqual(["approval: waits for the answer of a person"]);
});

describe("a step that is ready", () => {
  test("says that its run is paused, and what else would keep it", () => {
    expect(messages({ isPaused: true }, [])).toEqual([
      "paused: the run is paused",
      "no_worker: no worker is connected",
    ]);
  });

  test("has no worker to wait for when it is a run of its own", () => {
    expect(messages({ isOwnRun: true }, [])).toEqual([]);
    expect(messages({ isOwnRun: true, notBefore: now + 5000 }, [])).toEqual([
      "retry: its next attempt, in 5.0s",
    ]);
  });

  test("has no reason when a worker with a free slot may run it", () => {
    expect(messages({})).toEqual([]);
  });

  test("waits for the time of its next attempt", () => {
    expect(messages({ notBefore: now + 90_000 })).toEqual(["retry: its next attempt, in 1m30s"]);
  });

  test("waits for a key, by whom it is taken", () => {
    const use = { kind: "key", name: "db", units: 1, limit: 2 } as const;
    const holders = [
      { runId: run, stepId: "a" },
      { runId: run, stepId: "b" },
    ];
    expect(messages({ limits: [{ use, state: { inUse: 2 }, holders }] })).toEqual([
      "key_full: 2 of 2 steps with the key db are in flight: r1/a, r1/b have it",
    ]);
    expect(messages({ limits: [{ use, state: { inUse: 1 }, holders }] })).toEqual([]);
  });

  test("waits for a pool that is full, too small, or gone", () => {
    const use = { kind: "pool", name: "gpu", units: 2 } as const;
    const holders = [{ runId: run, stepId: "a" }];
    const of = (state: { inUse: number; limit?: number }) => messages({ limits: [{ use, state, holders }] });
    expect(of({ inUse: 3, limit: 4 })).toEqual([
      "pool_full: it takes 2 of 4 units of the pool gpu, of which 3 are in use: r1/a has it",
    ]);
    expect(of({ inUse: 0, limit: 1 })[0]).toMatch(/^pool_too_small: .*haversack pool set gpu --limit 2$/);
    expect(of({ inUse: 0 })[0]).toMatch(/^no_pool: /);
  });

  test("tells all that keeps it, not the first alone", () => {
    const use = { kind: "key", name: "db", units: 1, limit: 1 } as const;
    const limits = [{ use, state: { inUse: 1 }, holders: [] }];
    expect(waitReasons(facts({ notBefore: now + 1, limits }), [], now).map(({ code }) => code)).toEqual([
      "retry",
      "key_full",
      "no_worker",
    ]);
    expect(waitReasons(facts(), [viewWorker("w", 0)], now).map(({ code }) => code)).toEqual(["no_free_slot"]);
  });
});

test("a step that has started or ended waits for nothing", () => {
  for (const phase of ["leased", "running", "succeeded", "skipped"] as const)
    expect(messages({ phase }, [])).toEqual([]);
});
