import { formatProblem, ProblemsError } from "@haversack/protocol";
import { expect, test } from "vitest";
import { dag, open, problemsOf } from "../testing/dag-text.ts";
import { parseDag } from "./parse-dag.ts";
import { settleLabels } from "./run-labels.ts";

const withLabels = (labels: string) =>
  `params: { env: { type: string } }\nlabels: ${labels}\n${dag("- { id: a, run: x }")}`;

function settle(labels: string, given: Record<string, string>, env = "test"): object {
  const data = {
    params: new Map([["env", env]]),
    outputs: new Map(),
    statuses: new Map(),
    run: { id: "r", dag: "d", error: null, status: null },
  };
  try {
    return settleLabels(parseDag(withLabels(labels), "f.yaml").spec, given, data, "f.yaml");
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    return error.problems.map(formatProblem);
  }
}

test("labels of the submission stand on top of those of the DAG, which may use params", () => {
  const own = `{ team: data, tier: 1, env: "${open} params.env }}" }`;
  expect(settle(own, { team: "web", "app/ticket": "42" })).toEqual({
    team: "web",
    tier: "1",
    env: "test",
    "app/ticket": "42",
  });
});

test("what a value may be is decided when it is known", () => {
  const own = `{ env: "${open} params.env }}" }`;
  expect(settle(own, {}, "a\u0007b")).toEqual(["f.yaml: labels.env: has a value with control characters"]);
  expect(settle(own, { "-x": "1" }, "y".repeat(201))).toEqual([
    "f.yaml: labels.env: has a value of 201 characters, at most 200",
    expect.stringContaining("f.yaml: labels.-x: is no name of a label"),
  ]);
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`l${index}`, ""]));
  expect(settle("{ own: x }", many)).toEqual([
    "f.yaml: labels: 51 labels with those of the submission, at most 50",
  ]);
});

test.each<[string, string]>([
  ["{ -team: x }", "f.yaml:2:11: labels.-team: expected letters"],
  ["[team]", "f.yaml:2:1: labels: "],
  [
    `{ a: "${open} steps.a.status }}" }`,
    "a label, a concurrency key and the name of a deployment may use params only",
  ],
  [
    `{ ${Array.from({ length: 51 }, (_, index) => `l${index}: x`).join(", ")} }`,
    "expected at most 50 labels",
  ],
])("%s is refused", (labels, message) => {
  expect(problemsOf(withLabels(labels))[0]).toContain(message);
});
