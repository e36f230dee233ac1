import { FaultError } from "@haversack/base";
import { ProblemsError, parseDigest, parseRunId, type StepSpec } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { ReadyChild } from "../store/verbs/child-ready.ts";
import { type StartParts, startOf } from "./start-child.ts";

const work = { kind: "dag", use: "build", params: {} } as const;
const step = (more: Partial<StepSpec> = {}): StepSpec => ({
  id: "call",
  depends: [],
  env: {},
  worker: {},
  retry: { limit: 0, backoff: "fixed", delayMs: 0, maxDelayMs: 0 },
  outputs: [],
  artifacts: [],
  inputs: [],
  onWorkerLost: "retry",
  work,
  ...more,
});
const ready = (more: Partial<ReadyChild> = {}): ReadyChild => ({
  runId: parseRunId("parent"),
  runNo: 1,
  index: 0,
  attempt: 0,
  step: step(),
  dagName: "main",
  depth: 0,
  child: { use: "build", params: {}, isLocal: false },
  ...more,
});
const digest = parseDigest(`sha256:${"a".repeat(64)}`);
const dag = { name: "build", params: {}, env: {}, steps: [] };
const parts = (childRun: StartParts["submitter"]["childRun"] = made): StartParts => ({
  submitter: { childRun },
  newId: () => "child",
  now: () => 7,
  depthMax: 2,
});
const made: StartParts["submitter"]["childRun"] = async (_ready, id) => ({
  child: { id, dagDigest: digest, dag, params: {}, bodyDigest: digest, steps: [], packs: [] },
});
const dynamic = (use: string, candidates?: string[]): Partial<ReadyChild> => ({
  step: step({ work: { ...work, use: "${{ params.which }}", ...(candidates && { candidates }) } }),
  child: { use, params: {}, isLocal: false },
});

describe("a step that no worker takes", () => {
  test("is started as the run that it is", async () => {
    expect(await startOf(ready({ attempt: 2 }), parts())).toMatchObject({
      kind: "start",
      start: {
        runId: "parent",
        index: 0,
        attempt: 2,
        now: 7,
        child: { id: "child", dag: { name: "build" } },
      },
    });
  });

  test.each<[string, Partial<ReadyChild>, string, string]>([
    [
      "deep within others",
      { depth: 2 },
      "too_deep",
      "the run of build would be within 3 others, at most 2 are allowed",
    ],
    [
      "by a name that is none",
      dynamic("Build!"),
      "bad_dag_name",
      '`dag.use` gave "Build!", which is no name of a DAG',
    ],
    [
      "by no candidate",
      dynamic("other", ["one", "two"]),
      "bad_dag_name",
      "which is none of its candidates: one, two",
    ],
  ])("is refused %s", async (_name, more, code, message) => {
    const started = await startOf(ready(more), parts());
    expect(started).toEqual({ kind: "refuse", failure: { code, message: expect.stringContaining(message) } });
  });

  test("is started at the last depth, and by a candidate", async () => {
    expect((await startOf(ready({ depth: 1 }), parts())).kind).toBe("start");
    expect((await startOf(ready(dynamic("two", ["one", "two"])), parts())).kind).toBe("start");
  });
});

describe("a start that does not succeed", () => {
  const problem = {
    file: "build.yaml",
    line: 1,
    column: 1,
    field: "params.n",
    code: "bad_param",
    message: "is required",
  };

  test.each<[string, Error, string]>([
    ["what the child lacks", new ProblemsError([problem]), "bad_param"],
    [
      "a DAG that is not there",
      new FaultError("missing", "unknown_dag", "there is no DAG build"),
      "unknown_dag",
    ],
    ["a bug", new TypeError("x is undefined"), "internal"],
  ])("for good: %s fails the step", async (_name, error, code) => {
    const started = await startOf(
      ready(),
      parts(() => Promise.reject(error)),
    );
    const message = expect.stringContaining(error.message);
    expect(started).toMatchObject({ kind: "refuse", failure: { code, message } });
  });

  test.each<[string, Error]>([
    ["a store that is away", new FaultError("unavailable", "unavailable", "away")],
    ["a library that cannot be read", Object.assign(new Error("i/o error"), { code: "EIO" })],
  ])("for now: %s is no failure of the step", async (_name, error) => {
    await expect(
      startOf(
        ready(),
        parts(() => Promise.reject(error)),
      ),
    ).rejects.toBe(error);
  });
});
