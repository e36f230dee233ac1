import { parseRunId, parseStepId, type Run } from "@haversack/protocol";
import { expect, test } from "vitest";
import { readChildRuns } from "../follow/child-runs.ts";
import { fakeClient, fakeRun, fakeStep, unknownRun } from "../testing/fake-client.ts";
import { createPaint } from "./paint.ts";
import { runDetail } from "./run-detail.ts";
import { indented, runTree } from "./run-tree.ts";

const childOf = (id: string, parent: string): Run =>
  fakeRun(id, { parent: { runId: parseRunId(parent), stepId: parseStepId("call"), depth: 1 } });

test("child runs stand below their parents, oldest first; one whose parent is not listed stays where it is", () => {
  const list = [childOf("e", "b"), fakeRun("d"), childOf("c", "b"), fakeRun("b"), childOf("a", "elsewhere")];
  const lines = runTree([childOf("f", "e"), ...list]).map(({ of: run, level }) => indented(run.id, level));
  expect(lines).toEqual(["d", "b", "└ c", "└ e", "  └ f", "a"]);
});

test("a run shows the steps of its child runs below the steps that they are", async () => {
  const call = (childRunId: string) =>
    fakeStep("call", "running", { kind: "dag", childRunId: parseRunId(childRunId) });
  const runs = new Map([
    ["one", fakeRun("one", { steps: [call("two"), fakeStep("after", "waiting")] })],
    ["two", fakeRun("two", { steps: [fakeStep("make", "succeeded"), call("three"), call("forgotten")] })],
    ["three", fakeRun("three", { steps: [fakeStep("deep", "failed")] })],
  ]);
  const client = fakeClient({
    async run(id) {
      const run = runs.get(id);
      if (run === undefined) throw unknownRun();
      return run;
    },
  });
  const root = await client.run("one", new AbortController().signal);
  const children = await readChildRuns(client, root, new AbortController().signal);
  const text = runDetail(root, 0, createPaint(false), children);
  const ids = [...text.matchAll(/^ *(└ )?(call|make|deep|after)\b/gm)].map(([found]) => found);
  expect(ids).toEqual(["call", "└ make", "└ call", "  └ deep", "└ call", "after"]);
  expect(text).toContain("run three");
});

test("a child run names its parent, and what its DAG gave", () => {
  const text = runDetail({ ...fakeRun("a"), ...childOf("a", "b"), outputs: { n: 1 } }, 0, createPaint(false));
  expect(text).toContain("child of   b/call");
  expect(text).toContain("outputs\n  n  1");
});
