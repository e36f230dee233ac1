import type { StepSpec } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { dag, problemsOf } from "../testing/dag-text.ts";
import { parseDag } from "./parse-dag.ts";

const stepWith = (keys: string, root = ""): StepSpec | undefined =>
  parseDag(`${root}${dag(`- { id: a, run: x, ${keys} }`)}`, "f.yaml").spec.steps[0];
const problem = (keys: string) => problemsOf(dag(`- { id: a, ${keys} }`));

describe("limits", () => {
  test("are bytes, thousandths of a core and counts", () => {
    const step = stepWith("limits: { memory: 512MiB, cpu: 1.5, pids: 100, files: 1024 }");
    expect(step?.limits).toEqual({
      memoryBytes: 536_870_912,
      cpuMillis: 1500,
      pids: 100,
      files: 1024,
      enforcement: "any",
    });
    expect(step?.worker).toEqual({});
  });

  test("of memory may be written as those of a container", () => {
    expect(stepWith("limits: { memory: 512Mi }")?.limits?.memoryBytes).toBe(536_870_912);
  });

  test("that must be kept ask for a worker that keeps them, whatever else is asked of it", () => {
    const step = stepWith("worker: { limits: any, os: linux }, limits: { pids: 9, enforcement: hard }");
    expect(step?.worker).toEqual({ limits: "hard", os: "linux" });
  });

  test("of defaults and of the step are merged key by key", () => {
    const root = "defaults: { limits: { memory: 1GiB, pids: 10, enforcement: hard } }\n";
    const step = stepWith("limits: { pids: 20, enforcement: any }", root);
    expect(step?.limits).toEqual({ memoryBytes: 1_073_741_824, pids: 20, enforcement: "any" });
    expect(stepWith("name: b", root)?.worker).toEqual({ limits: "hard" });
  });

  test("without one that says how much are none", () => {
    expect(stepWith("limits: { enforcement: hard }")).toMatchObject({ worker: {} });
    expect(stepWith("limits: { enforcement: hard }")?.limits).toBeUndefined();
  });

  test("of defaults do not reach a step that no worker takes", () => {
    const text = `defaults: { limits: { pids: 9, enforcement: hard } }\n${dag("- { id: a, human: { prompt: x } }\n  - { id: b, dag: { use: other } }")}`;
    for (const step of parseDag(text, "f.yaml").spec.steps) {
      expect(step.limits).toBeUndefined();
      expect(step.worker).toEqual({});
    }
  });

  test.each<[string, string, string]>([
    [
      "no size",
      "run: x, limits: { memory: 1GB }",
      "steps[0].limits.memory: expected a size of at least 4MiB",
    ],
    [
      "next to nothing",
      "run: x, limits: { memory: 4KiB }",
      "steps[0].limits.memory: expected a size of at least 4MiB",
    ],
    ["no cores", "run: x, limits: { cpu: 0 }", "steps[0].limits.cpu"],
    ["part of a process", "run: x, limits: { pids: 1.5 }", "steps[0].limits.pids"],
    ["too few files", "run: x, limits: { files: 3 }", "steps[0].limits.files"],
    ["an unknown strength", "run: x, limits: { enforcement: firm }", "steps[0].limits.enforcement"],
    ["a stray key", "run: x, limits: { disk: 1GiB }", "unknown key"],
    [
      "a person",
      "human: { prompt: x }, limits: { pids: 9 }",
      "`limits` belongs to a step that a worker runs",
    ],
    ["a child run", "dag: { use: other }, limits: { pids: 9 }", "`limits` are kept by the worker of a step"],
  ])("%s is told by its place", (_, keys, expected) => {
    expect(problem(keys).join("\n")).toContain(expected);
  });
});
