import { parseYaml } from "@haversack/snapshot";
import { expect, test } from "vitest";
import { convertDagu } from "./convert.ts";

const rootKeys =
  "name description group tags labels schedule catchupWindow dotenv shell workingDir params defaultParams env defaults preconditions type maxActiveRuns queue timeoutSec workerSelector handlerOn steps logDir";
const stepKeys =
  "name id description command script args shell dir depends output continueOn retryPolicy timeoutSec preconditions env workerSelector executor type config call run params parallel approval action with";
const values: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  "",
  "x",
  "$X",
  "${A.b.c}",
  [],
  {},
  [[]],
  [{}],
  [null],
  [["x"]],
  { a: {} },
  { a: [{}] },
  [{ name: {} }],
  [{ a: { b: null } }],
  { type: {} },
  { type: "hitl", config: 1 },
  { items: {} },
  { items: [null], maxConcurrent: {} },
  { limit: {}, intervalSec: [], exitCode: {} },
  { prompt: {}, input: {}, required: [[]] },
  { exit: 1, failure: [] },
  { start: {}, stop: [] },
  { condition: {}, expected: [] },
  { dag: {}, form: [] },
];

/** Whatever stands there: a DAG that is YAML, with what was lost. */
function convert(document: unknown): void {
  const { dag, losses } = convertDagu(JSON.stringify(document), "f.yaml");
  expect(parseYaml(dag).problems).toEqual([]);
  for (const { line } of losses) expect(line).toBe(1);
}

test.each(rootKeys.split(" "))("any value of the root's %s is read", (key) => {
  for (const value of values) convert({ steps: ["x"], [key]: value });
});

test.each(stepKeys.split(" "))("any value of a step's %s is read", (key) => {
  const kinds = [{ command: "x" }, { call: "x", parallel: ["y"] }, { type: "hitl" }];
  for (const value of values) for (const kind of kinds) convert({ steps: [{ ...kind, [key]: value }] });
});
