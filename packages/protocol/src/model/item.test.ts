import { expect, test } from "vitest";
import type { DagSpec, StepSpec } from "./dag.ts";
import { itemAt, itemId, itemIndex, itemOfId, itemsMax, stepAt } from "./item.ts";

const step = (id: string): StepSpec => ({
  id,
  depends: [],
  env: {},
  worker: {},
  retry: { limit: 0, backoff: "fixed", delayMs: 0, maxDelayMs: 0 },
  outputs: [],
  artifacts: [],
  inputs: [],
  onWorkerLost: "retry",
  work: { kind: "run", script: "true", shell: ["sh"], workdir: "" },
});
const dag: DagSpec = {
  name: "d",
  params: {},
  env: {},
  steps: [step("a"), step("b")],
  handlers: [{ ...step("h"), handler: "onExit" }],
};

test("an item is called by its step and its position, and found by it", () => {
  expect(itemId("build", 0)).toBe("build.0");
  expect(itemOfId("build.999")).toEqual({ groupId: "build", item: 999 });
  for (const id of ["build", "build.", "build.1000", "build.01", "build.-1", "build.x", ".1", "a.b.1"]) {
    expect(itemOfId(id)).toBeUndefined();
  }
});

test("numbers in the store: steps, handlers, then a place for every item that could be", () => {
  expect([0, 1, 2].map((index) => stepAt(dag, index)?.id)).toEqual(["a", "b", "h"]);
  expect(itemIndex(dag, 0, 0)).toBe(3);
  const seen = new Set<number>();
  for (const group of [0, 1]) {
    for (let item = 0; item < itemsMax; item++) {
      const index = itemIndex(dag, group, item);
      seen.add(index);
      expect(itemAt(dag, index)).toEqual({ group, item });
      expect(stepAt(dag, index)).toBe(dag.steps[group]);
    }
  }
  expect(seen.size).toBe(2 * itemsMax);
  expect([0, 1, 2].map((index) => itemAt(dag, index))).toEqual([undefined, undefined, undefined]);
  expect(stepAt(dag, itemIndex(dag, 2, 0))).toBeUndefined();
});
