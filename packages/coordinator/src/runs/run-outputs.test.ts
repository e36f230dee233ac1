import type { JsonValue } from "@haversack/protocol";
import { expect, test } from "vitest";
import { open } from "../testing/dag-text.ts";
import type { TemplateData } from "./expression-value.ts";
import { runOutputs } from "./run-outputs.ts";

const dataOf = (outputs: Record<string, JsonValue>): TemplateData => ({
  params: new Map([["n", 2]]),
  outputs: new Map(Object.entries(outputs)),
  statuses: new Map(),
  run: { id: "r", dag: "d", error: null, status: "succeeded" },
});

test("a whole expression keeps its type, an output that never came is null", () => {
  const templates = {
    list: `${open} steps.a.outputs.list }}`,
    text: `n is ${open} params.n }}`,
    none: `${open} steps.a.outputs.no }}`,
  };
  expect(runOutputs(templates, dataOf({ "a/list": [1, "two"] }))).toEqual({
    ok: true,
    outputs: { list: [1, "two"], text: "n is 2", none: null },
  });
});

test("one that is too large, or all together, are refused by name and bound", () => {
  const text = "x".repeat(65_536);
  const data = dataOf({ "a/v": text });
  const value = `${open} steps.a.outputs.v }}`;
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`o${index}`, value]));
  expect(runOutputs({ o: value }, data).ok).toBe(true);
  expect(runOutputs({ o: `${value}x` }, data)).toMatchObject({
    problem: expect.stringContaining('"o" is over 65536'),
  });
  expect(runOutputs(many, data)).toMatchObject({
    problem: expect.stringContaining("together is over 1048576"),
  });
});
