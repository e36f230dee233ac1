/** Any run, and what is told of one. */

import * as fc from "fast-check";
import { handlerKinds, stepKinds } from "../model/dag.ts";
import { parseRunId, parseWorkerId } from "../model/ids.ts";
import type { RunDetail, RunFilter, RunStatus, StepPhase } from "../model/run.ts";
import { type RunTrigger, triggerKinds } from "../model/schedule.ts";
import { approval } from "./approval-arbitraries.ts";
import {
  artifact,
  digest,
  exitCode,
  failure,
  id,
  json,
  jsonObject,
  size,
  small,
  stepId,
  text,
  time,
  usage,
} from "./basic-arbitraries.ts";

const statuses = ["queued", "running", "succeeded", "failed", "cancelled"] as const satisfies RunStatus[];
const phases = [
  "waiting",
  "ready",
  "leased",
  "running",
  "succeeded",
  "failed",
  "cancelled",
  "blocked",
  "skipped",
  "suspended",
] as const satisfies StepPhase[];
const step = fc.record(
  {
    id: stepId,
    kind: fc.constantFrom(...stepKinds),
    phase: fc.constantFrom(...phases),
    depends: fc.array(stepId),
    attempt: small,
    outputs: jsonObject,
    artifacts: fc.array(artifact),
    workerId: id.map(parseWorkerId),
    workerName: text.filter((name) => name !== ""),
    startedAt: time,
    endedAt: time,
    failure,
    exitCode,
    snapshotDigest: digest,
    usage,
    waitingFor: text.filter((name) => name !== ""),
    handler: fc.constantFrom(...handlerKinds),
    condition: text.filter((name) => name !== ""),
    continueOnError: fc.constant(true as const),
    memory: fc.record({ applied: small, inReview: small }),
    childRunId: id.map(parseRunId),
    approval,
    items: fc.record({
      total: small,
      waiting: small,
      active: small,
      succeeded: small,
      failed: small,
      cancelled: small,
    }),
    item: fc.record({ value: json }),
  },
  { requiredKeys: ["id", "kind", "phase", "depends", "attempt", "outputs", "artifacts"] },
);
export const runFilter: fc.Arbitrary<RunFilter> = fc.record(
  {
    status: fc.constantFrom(...statuses),
    dagName: fc.string({ minLength: 1 }),
    labels: fc.dictionary(id, fc.string(), { minKeys: 1 }),
    since: time,
    until: time,
    retryOf: id.map(parseRunId),
    trigger: fc.constantFrom(...triggerKinds),
    roots: fc.constant(true as const),
    pageSize: small,
    pageToken: fc.string(),
  },
  { requiredKeys: [] },
);

export const run: fc.Arbitrary<RunDetail> = fc.record(
  {
    id: id.map(parseRunId),
    dagName: text,
    dagDigest: digest,
    status: fc.constantFrom(...statuses),
    params: jsonObject,
    createdAt: time,
    cancelRequested: fc.boolean(),
    eventSeq: size,
    steps: fc.array(step),
    retryOf: id.map(parseRunId),
    labels: fc.dictionary(id, fc.string(), { minKeys: 1, maxKeys: 4 }),
    trigger: fc.constantFrom<RunTrigger>(
      { kind: "manual" },
      { kind: "retry" },
      { kind: "child" },
      { kind: "schedule", schedule: 0, due: 0 },
      { kind: "backfill", schedule: 3, due: 1_700_000_000_000 },
    ),
    startedAt: time,
    endedAt: time,
    dueAt: time,
    paused: fc.record({ at: time, reason: text }),
    failure,
    parent: fc.record({ runId: id.map(parseRunId), stepId, depth: small }),
    outputs: jsonObject,
  },
  {
    requiredKeys: [
      "id",
      "dagName",
      "dagDigest",
      "status",
      "params",
      "createdAt",
      "cancelRequested",
      "eventSeq",
      "steps",
    ],
  },
);

const runChange = fc.oneof(
  fc.record(
    {
      kind: fc.constant("run" as const),
      status: fc.constantFrom(...statuses),
      cancelRequested: fc.boolean(),
      paused: fc.constant(true as const),
      failure,
    },
    { requiredKeys: ["kind", "status", "cancelRequested"] },
  ),
  fc.record(
    {
      kind: fc.constant("step" as const),
      stepId,
      phase: fc.constantFrom(...phases),
      attempt: small,
      workerId: id.map(parseWorkerId),
      failure,
      exitCode,
      childRunId: id.map(parseRunId),
      items: small,
    },
    { requiredKeys: ["kind", "stepId", "phase", "attempt"] },
  ),
);
export const event = fc.record({ seq: size, at: time, change: runChange });
