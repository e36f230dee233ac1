/** What workers and coordinators tell each other, and what they remember. */

import * as fc from "fast-check";
import type { AttemptRef } from "../model/fence.ts";
import { parseBootId, parseGeneration, parseRunId, parseWorkerId } from "../model/ids.ts";
import type { AttemptResult } from "../model/outcome.ts";
import type { TaskSecrets } from "../model/secret.ts";
import type { Downward, Upward } from "../model/session.ts";
import type { StepLimits } from "../model/step-limits.ts";
import type { Task } from "../model/task.ts";
import type { TraceContext } from "../model/trace.ts";
import {
  artifact,
  bytes,
  digest,
  exitCode,
  failure,
  id,
  json,
  jsonObject,
  mapOf,
  size,
  small,
  stepId,
  text,
  usage,
} from "./basic-arbitraries.ts";
import {
  baseImage,
  deploymentReport,
  deployWork,
  engine,
  imageAnswer,
  imageOrder,
  imageStatus,
  logOrder,
  observed,
  snapshot,
  unwanted,
} from "./deploy-arbitraries.ts";
import { operation } from "./memory-arbitraries.ts";

const ref: fc.Arbitrary<AttemptRef> = fc.record({
  runId: id.map(parseRunId),
  stepId: stepId,
  attempt: small.map((value) => value + 1),
  generation: id.map(parseGeneration),
});
const stream = fc.constantFrom("stdout", "stderr", "system");
export const result: fc.Arbitrary<AttemptResult> = fc.record(
  {
    ref,
    outcome: fc.constantFrom("succeeded", "failed", "cancelled", "returned"),
    failure,
    exitCode: exitCode,
    outputs: mapOf(json),
    artifacts: fc.array(artifact),
    usage,
    memory: fc.array(operation, { minLength: 1 }),
    logs: fc.array(fc.record({ stream, length: size, sha256: digest })),
    deployment: deploymentReport,
  },
  { requiredKeys: ["ref", "outcome", "outputs", "artifacts", "logs"] },
);
const digits = (length: number): fc.Arbitrary<string> =>
  fc.stringMatching(new RegExp(`^[\\da-f]{${length}}$`)).filter((text) => !/^0+$/.test(text));
export const traceContext: fc.Arbitrary<TraceContext> = fc.record({
  traceId: digits(32),
  spanId: digits(16),
  flags: fc.integer({ min: 0, max: 3 }),
  state: fc.constantFrom("", "a=1", "rojo=00f067aa0ba902b7,t/x@y=!"),
});
const work: fc.Arbitrary<Task["work"]> = fc.oneof(
  fc.record({ kind: fc.constant("run" as const), script: text, shell: fc.array(text), workdir: text }),
  fc.record(
    { kind: fc.constant("agent" as const), prompt: text, outputSchema: jsonObject, snapshot },
    { requiredKeys: ["kind", "prompt", "snapshot"] },
  ),
  deployWork,
);
const source: fc.Arbitrary<TaskSecrets["variables"][number]["from"]> = fc.oneof(
  fc.record({ secret: text }),
  fc.record({ env: text }),
  fc.record({ file: text }),
);
const variable = fc.record({ variable: text.filter((name) => name !== ""), from: source });
const taskSecrets: fc.Arbitrary<TaskSecrets> = fc
  .record({ variables: fc.array(variable), ofPack: fc.array(text), token: bytes })
  .filter(({ variables, ofPack }) => variables.length + ofPack.length > 0);
const count = fc.integer({ min: 1, max: 4_194_304 });
const limits: fc.Arbitrary<StepLimits> = fc.record(
  {
    memoryBytes: size.filter((bytes) => bytes > 0),
    cpuMillis: count,
    pids: count,
    files: count,
    enforcement: fc.constantFrom("any" as const, "hard" as const),
  },
  { requiredKeys: ["enforcement"] },
);
export const task: fc.Arbitrary<Task> = fc.record(
  {
    ref,
    dagName: text,
    env: mapOf(text),
    timeoutMs: size.filter((ms) => ms > 0),
    limits,
    inputs: fc.array(artifact),
    artifacts: fc.array(text),
    outputs: fc.array(text),
    work,
    secrets: taskSecrets,
    trace: traceContext,
  },
  { requiredKeys: ["ref", "dagName", "env", "inputs", "artifacts", "outputs", "work"] },
);
const hello = fc.record(
  {
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
    engine,
    images: fc.array(imageStatus, { minLength: 1 }),
  },
  {
    requiredKeys: [
      "workerId",
      "bootId",
      "name",
      "version",
      "labels",
      "slots",
      "snapshotMinVersion",
      "snapshotMaxVersion",
      "snapshotFeatures",
      "snapshotsHeld",
      "held",
    ],
  },
);
const chunk = fc.record({ ref, stream, offset: size, data: bytes });
export const upward: fc.Arbitrary<Upward> = fc.oneof(
  fc.record({ kind: fc.constant("hello" as const), hello }),
  fc.record({ kind: fc.constant("credits" as const), grantedTotal: size }),
  fc.record({ kind: fc.constant("credits" as const), grantedTotal: size, closed: fc.constant(true) }),
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
  fc.record({ kind: fc.constant("images" as const), statuses: fc.array(imageStatus) }),
  fc.record({ kind: fc.constant("imageAnswer" as const), answer: imageAnswer }),
  fc.record({ kind: fc.constant("imagePermit" as const), digest }),
  observed.map((list) => ({ kind: "deployments" as const, ...list })),
  fc.record({ kind: fc.constant("engine" as const), engine }),
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
  fc.record(
    {
      kind: fc.constant("availability" as const),
      cordoned: fc.boolean(),
      draining: fc.boolean(),
      endInMs: size,
    },
    { requiredKeys: ["kind", "cordoned", "draining"] },
  ),
  fc.record({ kind: fc.constant("baseImage" as const), base: baseImage }),
  fc.record({ kind: fc.constant("imageOrder" as const), order: imageOrder }),
  fc.record({ kind: fc.constant("imagePermit" as const), digest }),
  fc.record({ kind: fc.constant("removeContainers" as const), containers: fc.array(unwanted) }),
  fc.record({ kind: fc.constant("deploymentLog" as const), order: logOrder }),
  fc.record({ kind: fc.constant("goodbye" as const), reason: text, retryAfterMs: size, final: fc.boolean() }),
);
