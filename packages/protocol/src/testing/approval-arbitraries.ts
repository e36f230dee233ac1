/** Any question of a human step, answered or not. */

import * as fc from "fast-check";
import { type Approval, timeoutActions, type WaitingApproval } from "../model/approval.ts";
import { parseRunId } from "../model/ids.ts";
import type { JsonObject } from "../model/json.ts";
import { id, stepId, text, time } from "./basic-arbitraries.ts";

const notEmpty = text.filter((value) => value !== "");
const fields = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,9}$/), fc.jsonValue({ depthSize: "small" }))
  // PB-5: the one key that plain objects do not keep; and no prototypes of the generator's own.
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")) as JsonObject);

const answer = fc.record(
  {
    decision: fc.constantFrom("approved", "rejected"),
    by: text,
    onBehalfOf: notEmpty,
    comment: notEmpty,
    fields,
    at: time,
  },
  { requiredKeys: ["decision", "by", "fields", "at"] },
);
const asked = {
  prompt: text,
  form: fields,
  approvers: fc.array(text),
  askedAt: time,
  dueAt: time,
  onTimeout: fc.constantFrom(...timeoutActions),
  answer,
};
const always = ["prompt", "approvers", "askedAt", "onTimeout"] as const;

export const approval: fc.Arbitrary<Approval> = fc.record(asked, { requiredKeys: [...always] });

export const waitingApproval: fc.Arbitrary<WaitingApproval> = fc.record(
  {
    ...asked,
    runId: id.map(parseRunId),
    dagName: text,
    stepId,
  },
  { requiredKeys: [...always, "runId", "dagName", "stepId"] },
);
