import type { StepSpec } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { dag, open, problemsOf } from "../testing/dag-text.ts";
import { dagSchemaNode } from "./json-schema.ts";
import { parseDag } from "./parse-dag.ts";

const stepWith = (keys: string, root = ""): StepSpec | undefined =>
  parseDag(`${root}${dag(`- { id: a, run: x, ${keys} }`)}`, "f.yaml").spec.steps[0];
const problem = (keys: string, root = "") => problemsOf(`${root}${dag(`- { id: a, run: x, ${keys} }`)}`);

describe("worker", () => {
  test("has a value, a list or a test for each label; numbers and booleans are text", () => {
    const keys =
      "worker: { os: linux, zone: [a, 1], gpu: { in: [h100] }, spot: { not: true }, x: { not: [1, 2] }, y: { exists: false } }";
    expect(stepWith(keys)?.worker).toEqual({
      os: "linux",
      zone: { in: ["a", "1"] },
      gpu: { in: ["h100"] },
      spot: { not: ["true"] },
      x: { not: ["1", "2"] },
      y: { exists: false },
    });
  });

  test("of the root, of defaults and of the step are merged label by label", () => {
    const root = "worker: { a: 1, b: 1, c: 1 }\ndefaults: { worker: { b: 2, c: 2 } }\n";
    expect(stepWith("worker: { c: { exists: true } }", root)?.worker).toEqual({
      a: "1",
      b: "2",
      c: { exists: true },
    });
  });

  test.each<[string, string, string]>([
    [
      "a misspelt test",
      "worker: { zone: { inn: [a] } }",
      'f.yaml:3:32: steps[0].worker.zone: unknown test "inn"; did you mean "in"?',
    ],
    ["no test", "worker: { zone: {} }", "steps[0].worker.zone: expected a value, a list of values"],
    ["nothing", "worker: { zone: null }", "steps[0].worker.zone: expected a value, a list of values"],
    ["two tests", "worker: { zone: { in: [a], not: b } }", '"in" and "not" exclude each other'],
    ["an empty list", "worker: { zone: [] }", "steps[0].worker.zone: expected at least one value"],
    [
      "a list where a truth is wanted",
      "worker: { zone: { exists: [a] } }",
      "steps[0].worker.zone.exists: expected boolean",
    ],
    ["a value of a list", "worker: { zone: { in: [a, {}] } }", "steps[0].worker.zone.in[1]: expected text"],
    ["an output", `worker: { zone: { in: ["${open} steps.a.outputs.x }}"] } }`, "may use params only"],
    ["an unknown parameter", `worker: { zone: ["${open} params.zone }}"] }`, 'unknown parameter "zone"'],
  ])("%s is refused with its place", (_, keys, expected) => {
    expect(problem(keys)[0]).toContain(expected);
  });
});

describe("priority", () => {
  test("of a step stands above that of the DAG; 3 is what is not said", () => {
    expect(stepWith("priority: 5", "priority: 1\n")?.priority).toBe(5);
    expect(stepWith("timeout: 1s", "priority: 1\n")?.priority).toBe(1);
    expect(stepWith("priority: 3", "priority: 1\n")).not.toHaveProperty("priority");
  });

  test.each(["0", "6", "2.5", "high", "'3'"])("%s is none", (value) => {
    expect(problem(`priority: ${value}`)[0]).toContain("steps[0].priority: expected 1 to 5; 5 goes first");
  });
});

describe("concurrency", () => {
  test("of a run is a key, or a key with a limit and what becomes of the next run", () => {
    const of = (text: string) =>
      parseDag(`concurrency: ${text}\n${dag("- { id: a, run: x }")}`, "f").spec.concurrency;
    expect(of("deploy")).toEqual({ key: "deploy", limit: 1, onConflict: "queue" });
    expect(of("{ key: deploy, limit: 2, onConflict: cancel-running }")).toEqual({
      key: "deploy",
      limit: 2,
      onConflict: "cancel-running",
    });
  });

  test("of a step is a key, a key with a limit, units of a pool, or a list of these", () => {
    expect(stepWith("concurrency: db")?.concurrency).toEqual([{ key: "db", limit: 1 }]);
    expect(stepWith("concurrency: { key: db, limit: 4 }")?.concurrency).toEqual([{ key: "db", limit: 4 }]);
    expect(stepWith("concurrency: [db, { pool: gpu, units: 2 }, { pool: net }]")?.concurrency).toEqual([
      { key: "db", limit: 1 },
      { pool: "gpu", units: 2 },
      { pool: "net", units: 1 },
    ]);
  });

  test.each<[string, string, string]>([
    [
      "no limit",
      "concurrency: { key: db, limit: 0 }",
      "steps[0].concurrency.limit: too small: expected number to be >=1",
    ],
    ["units of a key", "concurrency: { key: db, units: 1 }", "steps[0].concurrency.key: unknown key"],
    [
      "a misspelt key",
      "concurrency: [{ key: db, limmit: 1 }]",
      'steps[0].concurrency[0].limmit: unknown key "limmit"; did you mean "limit"?',
    ],
    ["no key", "concurrency: { limit: 1 }", "steps[0].concurrency.key: is required"],
    ["a number", "concurrency: 3", "steps[0].concurrency: expected a key, {key, limit}, or {pool, units}"],
    [
      "a bad pool",
      "concurrency: { pool: My Pool }",
      "steps[0].concurrency.pool: expected lower-case letters",
    ],
    [
      "one pool twice",
      "concurrency: [{ pool: a }, { pool: a }]",
      "steps[0].concurrency[1]: pool a is listed twice",
    ],
    ["an output in a key", `concurrency: "x-${open} run.id }}"`, "may use params only"],
  ])("%s is refused with its place", (_, keys, expected) => {
    expect(problem(keys).join("\n")).toContain(expected);
  });

  test("what becomes of the next run is one of three", () => {
    expect(problem("timeout: 1s", "concurrency: { key: x, onConflict: cancel }\n")[0]).toContain(
      "f.yaml:1:24: concurrency.onConflict: invalid option",
    );
  });
});

test("an editor is told every form", () => {
  const { properties = {}, definitions = {} } = dagSchemaNode();
  expect(properties["concurrency"]?.["anyOf"]).toHaveLength(2);
  const { additionalProperties } = definitions["workerLabels"] ?? {};
  expect(Object.keys(additionalProperties as object)).toContain("anyOf");
  expect(JSON.stringify(additionalProperties)).toContain('"exists"');
});
