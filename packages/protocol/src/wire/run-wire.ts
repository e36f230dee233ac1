/** Runs and steps: protobuf ⇄ nouns. */

import {
  create,
  fromJson,
  type MessageInitShape,
  toJson,
  type JsonObject as WireJsonObject,
  type JsonValue as WireJsonValue,
} from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs, timestampMs, ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  RunSchema,
  type RunServiceListRequest,
  type RunServiceListRequestSchema,
  StepSchema,
  type Run as WireRun,
  type Step as WireStep,
} from "../gen/haversack/v1/run_service_pb.ts";
import { type HandlerKind, handlerKinds, type StepKind, stepKinds } from "../model/dag.ts";
import { digestOfBytes, digestToBytes, parseRunId, parseStepId, parseWorkerId } from "../model/ids.ts";
import type { ParentStep, Run, RunDetail, RunFilter, Step } from "../model/run.ts";
import { triggerKinds } from "../model/schedule.ts";
import { approvalFromWire, approvalToWire } from "./approval-wire.ts";
import {
  artifactFromWire,
  artifactToWire,
  failureFromWire,
  failureToWire,
  usageFromWire,
  usageToWire,
} from "./attempt-wire.ts";
import { runStatusFromWire, runStatusToWire, stepPhaseFromWire, stepPhaseToWire } from "./enums.ts";
import { known, safeNumber } from "./fields.ts";
import { triggerFromWire, triggerToWire } from "./schedule-wire.ts";

export type { WireRun };

const time = (ms: number | undefined): { value: Timestamp } | undefined =>
  ms === undefined ? undefined : { value: timestampFromMs(ms) };

/** @param stepCount how many the run has, when `steps` has some of them */
export function runToWire(
  run: Run & Pick<RunDetail, "outputs">,
  steps: readonly Step[] = [],
  stepCount = steps.length,
): WireRun {
  const init: MessageInitShape<typeof RunSchema> = {
    id: run.id,
    dagName: run.dagName,
    dagDigest: digestToBytes(run.dagDigest),
    status: runStatusToWire[run.status],
    params: run.params as WireJsonObject,
    createdAt: timestampFromMs(run.createdAt),
    cancelRequested: run.cancelRequested,
    eventSeq: BigInt(run.eventSeq),
    steps: steps.map(stepToWire),
    retryOf: run.retryOf ?? "",
    parentRunId: run.parent?.runId ?? "",
    parentStepId: run.parent?.stepId ?? "",
    depth: run.parent?.depth ?? 0,
    labels: { ...run.labels },
    stepCount,
  };
  const startedAt = time(run.startedAt);
  const endedAt = time(run.endedAt);
  if (startedAt !== undefined) init.startedAt = startedAt.value;
  if (endedAt !== undefined) init.endedAt = endedAt.value;
  if (run.failure !== undefined) init.failure = failureToWire(run.failure);
  if (run.outputs !== undefined) init.outputs = run.outputs as WireJsonObject;
  if (run.trigger !== undefined) init.trigger = triggerToWire(run.trigger);
  if (run.paused !== undefined)
    init.pause = { at: timestampFromMs(run.paused.at), reason: run.paused.reason };
  if (run.dueAt !== undefined) init.dueAt = timestampFromMs(run.dueAt);
  return create(RunSchema, init);
}

export function runFromWire(wire: WireRun): RunDetail {
  return {
    id: parseRunId(wire.id),
    dagName: wire.dagName,
    dagDigest: digestOfBytes(wire.dagDigest),
    status: known(runStatusFromWire(wire.status), "run.status"),
    params: wire.params ?? {},
    createdAt: wire.createdAt === undefined ? 0 : timestampMs(wire.createdAt),
    cancelRequested: wire.cancelRequested,
    eventSeq: safeNumber(wire.eventSeq, "run.event_seq"),
    steps: wire.steps.map(stepFromWire),
    ...(wire.retryOf === "" ? {} : { retryOf: parseRunId(wire.retryOf) }),
    ...(wire.stepCount > wire.steps.length ? { stepCount: wire.stepCount } : {}),
    ...(wire.parentRunId === "" ? {} : { parent: parentFromWire(wire) }),
    ...(wire.outputs === undefined ? {} : { outputs: wire.outputs }),
    ...(Object.keys(wire.labels).length === 0 ? {} : { labels: wire.labels }),
    ...(wire.trigger === undefined ? {} : { trigger: triggerFromWire(wire.trigger) }),
    ...(wire.pause === undefined ? {} : { paused: pauseFromWire(wire.pause) }),
    ...(wire.dueAt === undefined ? {} : { dueAt: timestampMs(wire.dueAt) }),
    ...(wire.startedAt === undefined ? {} : { startedAt: timestampMs(wire.startedAt) }),
    ...(wire.endedAt === undefined ? {} : { endedAt: timestampMs(wire.endedAt) }),
    ...(wire.failure === undefined ? {} : { failure: failureFromWire(wire.failure) }),
  };
}

function parentFromWire({ parentRunId, parentStepId, depth }: WireRun): ParentStep {
  return { runId: parseRunId(parentRunId), stepId: parseStepId(parentStepId), depth };
}

export function runFilterToWire(filter: RunFilter): MessageInitShape<typeof RunServiceListRequestSchema> {
  const { status, labels = {}, since, until, ...rest } = filter;
  return {
    ...rest,
    labels: { ...labels },
    ...(status === undefined ? {} : { status: runStatusToWire[status] }),
    ...(since === undefined ? {} : { since: timestampFromMs(since) }),
    ...(until === undefined ? {} : { until: timestampFromMs(until) }),
  };
}

/** Throws `invalid` for what this version does not know. */
export function runFilterFromWire(wire: RunServiceListRequest): RunFilter {
  const { pageSize, pageToken, dagName, labels, retryOf } = wire;
  const trigger = triggerKinds.find((kind) => kind === wire.trigger);
  return {
    pageSize,
    pageToken,
    ...(wire.status === 0 ? {} : { status: known(runStatusFromWire(wire.status), "status") }),
    ...(dagName === "" ? {} : { dagName }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(wire.since === undefined ? {} : { since: timestampMs(wire.since) }),
    ...(wire.until === undefined ? {} : { until: timestampMs(wire.until) }),
    ...(retryOf === "" ? {} : { retryOf: parseRunId(retryOf) }),
    ...(wire.trigger === "" ? {} : { trigger: known(trigger, "trigger") }),
    ...(wire.roots ? { roots: true } : {}),
  };
}

export function stepToWire(step: Step): WireStep {
  const init: MessageInitShape<typeof StepSchema> = {
    id: step.id,
    kind: step.kind,
    phase: stepPhaseToWire[step.phase],
    depends: [...step.depends],
    attempt: step.attempt,
    workerId: step.workerId ?? "",
    workerName: step.workerName ?? "",
    outputs: step.outputs as WireJsonObject,
    artifacts: step.artifacts.map(artifactToWire),
    snapshotDigest: step.snapshotDigest === undefined ? new Uint8Array() : digestToBytes(step.snapshotDigest),
    waitingFor: step.waitingFor ?? "",
    condition: step.condition ?? "",
    handler: step.handler ?? "",
    continueOnError: step.continueOnError ?? false,
    childRunId: step.childRunId ?? "",
  };
  const startedAt = time(step.startedAt);
  const endedAt = time(step.endedAt);
  if (startedAt !== undefined) init.startedAt = startedAt.value;
  if (endedAt !== undefined) init.endedAt = endedAt.value;
  if (step.failure !== undefined) init.failure = failureToWire(step.failure);
  if (step.exitCode !== undefined) init.exitCode = step.exitCode;
  if (step.usage !== undefined) init.usage = usageToWire(step.usage);
  if (step.memory !== undefined) init.memory = { ...step.memory };
  if (step.approval !== undefined) init.approval = approvalToWire(step.approval);
  if (step.items !== undefined) init.items = { ...step.items };
  if (step.item !== undefined) init.item = fromJson(ValueSchema, step.item.value as WireJsonValue);
  return create(StepSchema, init);
}

export function stepFromWire(wire: WireStep): Step {
  return {
    id: parseStepId(wire.id),
    kind: known(kindOf(wire.kind), "step.kind"),
    phase: known(stepPhaseFromWire(wire.phase), "step.phase"),
    depends: wire.depends.map(parseStepId),
    attempt: wire.attempt,
    outputs: wire.outputs ?? {},
    artifacts: wire.artifacts.map(artifactFromWire),
    ...(wire.workerId === "" ? {} : { workerId: parseWorkerId(wire.workerId) }),
    ...(wire.workerName === "" ? {} : { workerName: wire.workerName }),
    ...(wire.startedAt === undefined ? {} : { startedAt: timestampMs(wire.startedAt) }),
    ...(wire.endedAt === undefined ? {} : { endedAt: timestampMs(wire.endedAt) }),
    ...(wire.failure === undefined ? {} : { failure: failureFromWire(wire.failure) }),
    ...(wire.exitCode === undefined ? {} : { exitCode: wire.exitCode }),
    ...(wire.snapshotDigest.length === 0 ? {} : { snapshotDigest: digestOfBytes(wire.snapshotDigest) }),
    ...(wire.usage === undefined ? {} : { usage: usageFromWire(wire.usage) }),
    ...(wire.handler === "" ? {} : { handler: known(handlerOf(wire.handler), "step.handler") }),
    ...(wire.condition === "" ? {} : { condition: wire.condition }),
    ...(wire.continueOnError ? { continueOnError: true } : {}),
    ...(wire.waitingFor === "" ? {} : { waitingFor: wire.waitingFor }),
    ...(wire.childRunId === "" ? {} : { childRunId: parseRunId(wire.childRunId) }),
    ...(wire.memory === undefined ? {} : { memory: memoryFromWire(wire.memory) }),
    ...(wire.approval === undefined ? {} : { approval: approvalFromWire(wire.approval) }),
    ...(wire.items === undefined ? {} : { items: itemsFromWire(wire.items) }),
    ...(wire.item === undefined ? {} : { item: { value: toJson(ValueSchema, wire.item) } }),
  };
}

const kindOf = (name: string): StepKind | undefined => stepKinds.find((kind) => kind === name);

const pauseFromWire = ({ at, reason }: NonNullable<WireRun["pause"]>) => ({
  at: at === undefined ? 0 : timestampMs(at),
  reason,
});

const handlerOf = (name: string): HandlerKind | undefined => handlerKinds.find((kind) => kind === name);

function memoryFromWire({ applied, inReview }: NonNullable<WireStep["memory"]>) {
  return { applied, inReview };
}

function itemsFromWire(wire: NonNullable<WireStep["items"]>) {
  const { total, waiting, active, succeeded, failed, cancelled } = wire;
  return { total, waiting, active, succeeded, failed, cancelled };
}
