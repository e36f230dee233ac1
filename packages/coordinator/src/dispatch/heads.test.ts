import { parseRunId, parseStepId } from "@haversack/protocol";
import { expect, test } from "vitest";
import type { ReadyStep } from "../store/verbs/step-verbs.ts";
import { headsOf } from "./heads.ts";

const step = (queue: number, index: number): ReadyStep => ({
  runId: parseRunId("0197f9a2-0000-7000-8000-000000000001"),
  runNo: 1,
  index,
  stepId: parseStepId(`s${index}`),
  queue,
  gated: false,
  dagName: "d",
});
const heads = { count: 2, steps: [step(1, 0), step(1, 1), step(2, 7)] };

test("the first steps of each queue, as many as its turns, and fewer when it has no more", () => {
  expect(headsOf(new Map([[1, 1]]), heads)).toEqual([step(1, 0)]);
  expect(
    headsOf(
      new Map([
        [2, 9],
        [1, 2],
      ]),
      heads,
    ),
  ).toEqual([step(2, 7), step(1, 0), step(1, 1)]);
  expect(headsOf(new Map([[3, 5]]), heads)).toEqual([]);
});

test("nothing is said of a queue that may have more than came along", () => {
  expect(
    headsOf(
      new Map([
        [2, 1],
        [1, 3],
      ]),
      heads,
    ),
  ).toBeUndefined();
});
