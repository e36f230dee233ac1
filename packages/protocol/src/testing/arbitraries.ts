/** Any noun that goes over the wire. */

import * as fc from "fast-check";
import { handlerKinds } from "../model/dag.ts";
import type { AttemptRef } from "../model/fence.ts";
import {
  digestOfBytes,
  parseBootId,
  parseGeneration,
  parseRunId,
  parseStepId,
  parseWorkerId,
} from "../model/ids.ts";
import { type MemoryVersion, parseMemoryScopeName } from "../model/memory.ts";
import type { AttemptResult } from "../model/outcome.ts";
import type { MemoryReview } from "../model/review.ts";
import type { RunDetail, RunFilter, RunStatus, StepPhase } from "../model/run.ts";
import { triggerKinds } from "../model/schedule.ts";
import type { Downward, Upward } from "../model/session.ts";
import type { SnapshotDescriptor, Task } from "../model/task.ts";
import { approval } from "./approval-arbitraries.ts";

type JsonObject = RunDetail["params"];
type JsonValue = JsonObject[string];
const text = fc.string({ unit: "grapheme" });
/** PB-5: the one key that plain objects do not keep. */
const key = text.filter((name) => name !== "__proto__");
const size = fc.nat(Number.MAX_SAFE_INTEGER);
const small = fc.nat(2 ** 31 - 1);
const id = fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/);
export const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(digestOfBytes);
const json = fc
  .jsonValue({ depthSize: "small" })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")) as JsonValue);
const jsonObject = fc.dictionary(key, json).map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
const mapOf = <T>(value: fc.Arbitrary<T>) =>
  fc.dictionary(key, value).map((all) => new Map(Object.entries(all)));
const bytes = fc.uint8Array({ maxLength: 100 });

const ref: fc.Arbitrary<AttemptRef> = fc.record({
  runId: id.map(parseRunId),
  stepId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/).map(parseStepId),
  attempt: small.map((value) => value + 1),
  generation: id.map(parseGeneration),
});
const stream = fc.constantFrom("stdout", "stderr", "system");
const failure = fc.record({ code: text, message: text });
const artifact = fc.record({ path: text, digest, size, executable: fc.boolean() });
const change = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), text }),
  fc.record({ kind: fc.constant("update" as const), entry: id, base: digest, text }),
  fc.record({ kind: fc.constant("remove" as const), entry: id, base: digest }),
);
const operation = fc.record({
  id,
  scope: fc.constantFrom("global", "dag"),
  change,
  untrusted: fc.boolean(),
});
const usage = fc.record({ turns: small, toolCalls: small, inputTokens: size, outputTokens: size });
export const result: fc.Arbitrary<AttemptResult> = fc.record(
  {
    ref,
    outcome: fc.constantFrom("succeeded", "failed", "cancelled", "returned"),
    failure,
    exitCode: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    outputs: mapOf(json),
    artifacts: fc.array(artifact),
    usage,
    memory: fc.array(operation, { minLength: 1 }),
    logs: fc.array(fc.record({ stream, length: size, sha256: digest })),
  },
  { requiredKeys: ["ref", "outcome", "outputs", "artifacts", "logs"] },
);
const snapshot: fc.Arbitrary<SnapshotDescriptor> = fc.record(
  { formatVersion: small, digest, compressedSize: size, uncompressedSize: size, gzip: bytes },
  { requiredKeys: ["formatVersion", "digest", "compressedSize", "uncompressedSize"] },
);
const work: fc.Arbitrary<Task["work"]> = fc.oneof(
  fc.record({ kind: fc.constant("run" as const), script: text, shell: fc.array(text), workdir: text }),
  fc.record(
    { kind: fc.constant("agent" as const), prompt: text, outputSchema: jsonObject, snapshot },
    { requiredKeys: ["kind", "prompt", "snapshot"] },
  ),
);
export const task: fc.Arbitrary<Task> = fc.record(
  {
    ref,
    dagName: text,
    env: mapOf(text),
    timeoutMs: size.filter((ms) => ms > 0),
    inputs: fc.array(artifact),
    artifacts: fc.array(text),
    outputs: fc.array(text),
    work,
  },
  { requiredKeys: ["ref", "dagName", "env", "inputs", "artifacts", "outputs", "work"] },
);
const hello = fc.record({
  workerId: id.map(parseWorkerId),
  bootId: id.map(parseBootId),
  name: text,
  version: text,
  labels: mapOf(text),
  slots: small,
  snapshotMinVersion: small,
  snapshotMaxVersion: small,
  snapshotFeatures: fc.array(text),
  snapshotsHeld: fc.array(digest),
  held: fc.array(ref),
});
const chunk = fc.record({ ref, stream, offset: size, data: bytes });
export const upward: fc.Arbitrary<Upward> = fc.oneof(
  fc.record({ kind: fc.constant("hello" as const), hello }),
  fc.record({ kind: fc.constant("credits" as const), grantedTotal: size }),
  fc.record({
    kind: fc.constant("heartbeat" as const),
    seq: size,
    held: fc.array(ref),
    snapshotsAdded: fc.array(digest),
    snapshotsEvicted: fc.array(digest),
  }),
  fc.record({ kind: fc.constant("started" as const), refs: fc.array(ref) }),
  fc.record({ kind: fc.constant("logs" as const), chunks: fc.array(chunk) }),
  fc.record({ kind: fc.constant("results" as const), results: fc.array(result) }),
);
const reason = fc.constantFrom("superseded", "expired", "terminal", "generation", "unknown", "conflict");
const welcome = fc.record({
  generation: id.map(parseGeneration),
  coordinatorVersion: text,
  leaseTtlMs: size,
  heartbeatIntervalMs: size,
});
export const downward: fc.Arbitrary<Downward> = fc.oneof(
  fc.record({ kind: fc.constant("welcome" as const), welcome }),
  fc.record({ kind: fc.constant("tasks" as const), tasks: fc.array(task) }),
  fc.record({ kind: fc.constant("cancels" as const), refs: fc.array(ref) }),
  fc.record({ kind: fc.constant("heartbeatAck" as const), seq: size }),
  fc.record({
    kind: fc.constant("logAcks" as const),
    acks: fc.array(fc.record({ ref, stream, nextOffset: size })),
  }),
  fc.record({ kind: fc.constant("resultAcks" as const), refs: fc.array(ref) }),
  fc.record({ kind: fc.constant("refusals" as const), refusals: fc.array(fc.record({ ref, reason })) }),
  fc.record({ kind: fc.constant("goodbye" as const), reason: text, retryAfterMs: size, final: fc.boolean() }),
);
const time = fc.nat(4_000_000_000_000);
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
const stepId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/).map(parseStepId);
const exitCode = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const step = fc.record(
  {
    id: stepId,
    kind: fc.constantFrom("run", "agent", "human"),
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
    trigger: fc.constantFrom<NonNullable<RunDetail["trigger"]>>(
      { kind: "manual" },
      { kind: "retry" },
      { kind: "schedule", schedule: 0, due: 0 },
      { kind: "backfill", schedule: 3, due: 1_700_000_000_000 },
    ),
    startedAt: time,
    endedAt: time,
    dueAt: time,
    paused: fc.record({ at: time, reason: text }),
    failure,
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
      items: small,
    },
    { requiredKeys: ["kind", "stepId", "phase", "attempt"] },
  ),
);
export const event = fc.record({ seq: size, at: time, change: runChange });

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
