import type { HumanSpec } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { afterAnswer, afterSilence, isTooLate } from "./human.ts";

const spec: HumanSpec = {
  kind: "human",
  prompt: "ok?",
  approvers: [],
  timeoutMs: 7_200_000,
  onTimeout: "fail",
};

describe("an answer", () => {
  test("that approves is success, with the fields as outputs", () => {
    const answer = { decision: "approved", by: "admin", comment: "go", fields: { ring: "all" } } as const;
    expect(afterAnswer(answer)).toEqual({
      event: "succeeded",
      outputs: { ring: "all", decision: "approved", by: "admin", comment: "go" },
      answer,
    });
  });

  test("that rejects is a failure that says who and why, with its outputs kept", () => {
    const answer = {
      decision: "rejected",
      by: "admin",
      onBehalfOf: "Ann",
      comment: "no",
      fields: {},
    } as const;
    expect(afterAnswer(answer)).toMatchObject({
      event: "failed",
      failure: { code: "rejected", message: "rejected by admin for Ann: no" },
      outputs: { decision: "rejected", by: "admin", onBehalfOf: "Ann", comment: "no" },
    });
  });
});

describe("without an answer in time the step", () => {
  test("fails, unless it says something else", () => {
    expect(afterSilence(spec)).toEqual({
      event: "failed",
      failure: { code: "approval_timeout", message: "nobody answered within 2h00m" },
      outputs: {},
    });
  });

  test("is approved with the defaults of its form", () => {
    expect(
      afterSilence({ ...spec, onTimeout: "approve", fieldsOnTimeout: { ring: "canary" } }),
    ).toMatchObject({
      event: "succeeded",
      outputs: { ring: "canary", decision: "approved", by: "timeout" },
    });
  });

  test("is rejected", () => {
    expect(afterSilence({ ...spec, onTimeout: "reject" })).toMatchObject({
      event: "failed",
      failure: { code: "rejected", message: "nobody answered in time; onTimeout is reject" },
      outputs: { decision: "rejected", by: "timeout" },
    });
  });
});

test.each([
  [undefined, 10, false],
  [10, 9, false],
  [10, 10, true],
])("due at %s, an answer at %i is too late: %s", (dueAt, now, late) => {
  expect(isTooLate(dueAt, now)).toBe(late);
});
