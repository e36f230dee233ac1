/** A coordinator's memory with one scope that was written four times, and what waits for review. */

import {
  type HaversackClient,
  type MemoryEntry,
  type MemoryReview,
  type MemoryVersion,
  parseMemoryScopeName,
  parseRunId,
  parseStepId,
} from "@haversack/protocol";
import { someDigest } from "./fake-client.ts";

export const fakeScope = parseMemoryScopeName("dags/repo-report");
export const runId = parseRunId("01a1fd9b-cfc2-737e-9ac4-81638674feab");
const stepId = parseStepId("report");
const at = Date.UTC(2026, 0, 31, 9, 14);

export const entryIds = { java: "01a1fda2-4aee-7000", tests: "01a1fda2-4aff-7000" } as const;

const fakeEntry = (id: string, text: string): MemoryEntry => ({
  id,
  text,
  source: `${runId}/${stepId}`,
});

/** Version by version; the last one went back to the first. */
export const fakeVersions: readonly MemoryVersion[] = [
  {
    version: 1,
    digest: someDigest,
    at,
    cause: { kind: "step", runId, stepId },
    edits: [{ entry: entryIds.java, after: "needs Java 17" }],
  },
  {
    version: 2,
    digest: someDigest,
    at,
    cause: { kind: "review", runId, stepId },
    edits: [
      { entry: entryIds.java, before: "needs Java 17", after: "needs Java 21" },
      { entry: entryIds.tests, after: "tests\u001b]0;x\u0007 are slow" },
    ],
  },
  {
    version: 3,
    digest: someDigest,
    at,
    cause: { kind: "step", runId, stepId },
    edits: [{ entry: entryIds.tests, before: "tests\u001b]0;x\u0007 are slow" }],
  },
  {
    version: 4,
    digest: someDigest,
    at,
    cause: { kind: "revert", version: 1 },
    edits: [{ entry: entryIds.java, before: "needs Java 21", after: "needs Java 17" }],
  },
];

/** As the coordinator answers: 0 and absent are the newest version, the log is newest first. */
export function fakeMemory(versions = fakeVersions): Partial<HaversackClient> {
  return {
    memory: async (scope, version = 0) => {
      const wanted = version === 0 ? versions.length : version;
      const texts = new Map<string, string>();
      for (const { edits } of versions.slice(0, wanted)) {
        for (const { entry, after } of edits) {
          if (after === undefined) texts.delete(entry);
          else texts.set(entry, after);
        }
      }
      const entries = [...texts].map(([id, text]) => fakeEntry(id, text));
      return { scope, version: wanted, digest: someDigest, entries };
    },
    memoryVersions: async ({ pageSize = 50, before = versions.length + 1 }) =>
      versions
        .slice(0, before - 1)
        .toReversed()
        .slice(0, pageSize),
  };
}

export function fakeReview(operation: string, rest: Partial<MemoryReview> = {}): MemoryReview {
  const change = { kind: "add", text: "the cache is cold" } as const;
  return {
    id: `${runId}/${stepId}/${operation}`,
    scope: fakeScope,
    runId,
    stepId,
    operation: { id: operation, scope: "dag", change, untrusted: false },
    reason: "proposed",
    detail: "the step may propose, not write",
    at,
    ...rest,
  };
}
