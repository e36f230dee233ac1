import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseRunId, parseStepId } from "../model/ids.ts";
import { waitingApproval } from "../testing/approval-arbitraries.ts";
import { decisionFromWire, waitingFromWire, waitingToWire } from "./approval-wire.ts";

test("what waits for a person comes out of the wire as it went in", () => {
  fc.assert(
    fc.property(waitingApproval, (value) => {
      expect(structuredClone(waitingFromWire(waitingToWire(value)))).toEqual(value);
    }),
  );
});

test("what this version does not know is named", () => {
  expect(() => decisionFromWire(0)).toThrow("decision: expected APPROVED or REJECTED");
  const wire = waitingToWire({
    runId: parseRunId("r"),
    dagName: "d",
    stepId: parseStepId("s"),
    prompt: "ok?",
    approvers: [],
    askedAt: 1,
    onTimeout: "fail",
  });
  if (wire.approval === undefined) return expect.fail("no approval");
  wire.approval.onTimeout = "later";
  expect(() => waitingFromWire(wire)).toThrow("approval.on_timeout: expected one of fail, approve, reject");
});
