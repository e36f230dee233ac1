/** What agents ask of memory, and what is remembered. */

import * as fc from "fast-check";
import { parseRunId } from "../model/ids.ts";
import { type MemoryVersion, parseMemoryScopeName } from "../model/memory.ts";
import type { MemoryReview } from "../model/review.ts";
import { digest, id, small, stepId, text, time } from "./basic-arbitraries.ts";

const change = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), text }),
  fc.record({ kind: fc.constant("update" as const), entry: id, base: digest, text }),
  fc.record({ kind: fc.constant("remove" as const), entry: id, base: digest }),
);
export const operation = fc.record({
  id,
  scope: fc.constantFrom("global", "dag"),
  change,
  untrusted: fc.boolean(),
});
const scope = fc.constantFrom("global", "dags/nightly").map(parseMemoryScopeName);
const ofStep = { runId: id.map(parseRunId), stepId };
export const memoryVersion: fc.Arbitrary<MemoryVersion> = fc.record({
  version: small,
  digest,
  at: time,
  cause: fc.oneof(
    fc.record({ kind: fc.constantFrom("step", "review"), ...ofStep }),
    fc.record({ kind: fc.constant("revert" as const), version: small }),
  ),
  edits: fc.array(fc.record({ entry: text, before: text, after: text }, { requiredKeys: ["entry"] })),
});
export const memoryReview: fc.Arbitrary<MemoryReview> = fc.record(
  {
    id: text,
    scope,
    ...ofStep,
    operation,
    reason: fc.constantFrom(
      "proposed",
      "untrusted",
      "conflict",
      "limit",
      "secret",
      "not-writable",
      "malformed",
    ),
    detail: text,
    at: time,
    current: text,
  },
  { requiredKeys: ["id", "scope", "runId", "stepId", "operation", "reason", "detail", "at"] },
);
