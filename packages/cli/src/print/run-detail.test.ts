import type { Step } from "@haversack/protocol";
import { expect, test } from "vitest";
import { fakeRun, fakeStep } from "../testing/fake-client.ts";
import { createPaint } from "./paint.ts";
import { runDetail } from "./run-detail.ts";

test.each<[NonNullable<Step["memory"]>, string]>([
  [{ applied: 2, inReview: 1 }, "2 noted, 1 waits for review (npx haversack memory review)"],
  [{ applied: 0, inReview: 3 }, "0 noted, 3 wait for review (npx haversack memory review)"],
  [{ applied: 1, inReview: 0 }, "1 noted"],
])("a step that asked for %j tells what became of it", (memory, line) => {
  const steps = [fakeStep("one", "succeeded", { memory }), fakeStep("two", "succeeded")];
  const text = runDetail(fakeRun("run-1", { steps }), 0, createPaint(false));
  expect(text).toContain(`\n\nmemory of one\n  ${line}\n`);
  expect(text).not.toContain("memory of two");
});
