/** The messages of a session: protobuf ⇄ nouns. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type SessionRequest,
  SessionRequestSchema,
  type SessionResponse,
  SessionResponseSchema,
  type Availability as WireAvailability,
  type Hello as WireHello,
} from "../gen/haversack/v1/worker_service_pb.ts";
import { digestOfBytes, digestToBytes, parseBootId, parseGeneration, parseWorkerId } from "../model/ids.ts";
import type { Downward, LogAck, Upward, WorkerOrder } from "../model/session.ts";
import type { WorkerHello } from "../model/worker-info.ts";
import {
  chunkFromWire,
  chunkToWire,
  refFromWire,
  refToWire,
  resultFromWire,
  resultToWire,
} from "./attempt-wire.ts";
import {
  logOrderFromWire,
  logOrderToWire,
  observedFromWire,
  observedToWire,
  unwantedFromWire,
} from "./deployment-wire.ts";
import { logStreamFromWire, logStreamToWire, refusalReasonFromWire, refusalReasonToWire } from "./enums.ts";
import { badField, required, safeNumber } from "./fields.ts";
import {
  baseImageFromWire,
  baseImageToWire,
  engineFromWire,
  engineToWire,
  imageAnswerFromWire,
  imageAnswerToWire,
  imageOrderFromWire,
  imageOrderToWire,
  imageStatusFromWire,
  imageStatusToWire,
} from "./image-wire.ts";
import { taskFromWire, taskToWire } from "./task-wire.ts";

export function upwardToWire(message: Upward): SessionRequest {
  return create(SessionRequestSchema, { body: upwardBody(message) });
}

function upwardBody(message: Upward) {
  switch (message.kind) {
    case "hello":
      return { case: "hello" as const, value: helloToWire(message.hello) };
    case "credits":
      return { case: "credits" as const, value: creditsToWire(message) };
    case "heartbeat":
      return {
        case: "heartbeat" as const,
        value: {
          seq: BigInt(message.seq),
          held: message.held.map(refToWire),
          snapshotsAdded: message.snapshotsAdded.map(digestToBytes),
          snapshotsEvicted: message.snapshotsEvicted.map(digestToBytes),
        },
      };
    case "started":
      return { case: "started" as const, value: { refs: message.refs.map(refToWire) } };
    case "logs":
      return { case: "logs" as const, value: { chunks: message.chunks.map(chunkToWire) } };
    case "results":
      return { case: "results" as const, value: { results: message.results.map(resultToWire) } };
    case "images":
      return { case: "images" as const, value: { statuses: message.statuses.map(imageStatusToWire) } };
    case "imageAnswer":
      return { case: "imageAnswer" as const, value: imageAnswerToWire(message.answer) };
    case "imagePermit":
      return { case: "imagePermit" as const, value: { digest: digestToBytes(message.digest) } };
    case "deployments":
      return { case: "deployments" as const, value: observedToWire(message) };
    case "engine":
      return { case: "engine" as const, value: engineToWire(message.engine) };
  }
}

/** Undefined: a message of a later version, to be passed over. */
export function upwardFromWire(wire: SessionRequest): Upward | undefined {
  const { body } = wire;
  switch (body.case) {
    case "hello":
      return { kind: "hello", hello: helloFromWire(body.value) };
    case "credits":
      return {
        kind: "credits",
        grantedTotal: safeNumber(body.value.grantedTotal, "credits.granted_total"),
        ...(body.value.closed ? { closed: true } : {}),
      };
    case "heartbeat":
      return {
        kind: "heartbeat",
        seq: safeNumber(body.value.seq, "heartbeat.seq"),
        held: body.value.held.map(refFromWire),
        snapshotsAdded: body.value.snapshotsAdded.map(digestOfBytes),
        snapshotsEvicted: body.value.snapshotsEvicted.map(digestOfBytes),
      };
    case "started":
      return { kind: "started", refs: body.value.refs.map(refFromWire) };
    case "logs":
      return { kind: "logs", chunks: body.value.chunks.map(chunkFromWire) };
    case "results":
      return { kind: "results", results: body.value.results.map(resultFromWire) };
    case "images":
      return { kind: "images", statuses: body.value.statuses.map(imageStatusFromWire) };
    case "imageAnswer":
      return { kind: "imageAnswer", answer: imageAnswerFromWire(body.value) };
    case "imagePermit":
      return { kind: "imagePermit", digest: digestOfBytes(body.value.digest) };
    case "deployments":
      return { kind: "deployments", ...observedFromWire(body.value) };
    case "engine":
      return { kind: "engine", engine: required(engineFromWire(body.value), "engine.kind") };
    case undefined:
      return undefined;
  }
}

const creditsToWire = ({ grantedTotal, closed }: Extract<Upward, { kind: "credits" }>) => ({
  grantedTotal: BigInt(grantedTotal),
  closed: closed === true,
});

function helloToWire(hello: WorkerHello) {
  return {
    workerId: hello.workerId,
    bootId: hello.bootId,
    name: hello.name,
    version: hello.version,
    labels: Object.fromEntries(hello.labels),
    slots: hello.slots,
    snapshotMinVersion: hello.snapshotMinVersion,
    snapshotMaxVersion: hello.snapshotMaxVersion,
    snapshotFeatures: [...hello.snapshotFeatures],
    snapshotsHeld: hello.snapshotsHeld.map(digestToBytes),
    held: hello.held.map(refToWire),
    images: (hello.images ?? []).map(imageStatusToWire),
    ...(hello.engine === undefined ? {} : { engine: engineToWire(hello.engine) }),
  };
}

function helloFromWire(wire: WireHello): WorkerHello {
  const engine = engineFromWire(wire.engine);
  return {
    workerId: parseWorkerId(wire.workerId),
    bootId: parseBootId(wire.bootId),
    name: wire.name,
    version: wire.version,
    labels: new Map(Object.entries(wire.labels)),
    slots: wire.slots,
    snapshotMinVersion: wire.snapshotMinVersion,
    snapshotMaxVersion: wire.snapshotMaxVersion,
    snapshotFeatures: wire.snapshotFeatures,
    snapshotsHeld: wire.snapshotsHeld.map(digestOfBytes),
    held: wire.held.map(refFromWire),
    ...(wire.images.length === 0 ? {} : { images: wire.images.map(imageStatusFromWire) }),
    ...(engine === undefined ? {} : { engine }),
  };
}

export function downwardToWire(message: Downward): SessionResponse {
  return create(SessionResponseSchema, { body: downwardBody(message) });
}

function downwardBody(message: Downward): MessageInitShape<typeof SessionResponseSchema>["body"] & object {
  switch (message.kind) {
    case "welcome":
      return {
        case: "welcome" as const,
        value: {
          generation: message.welcome.generation,
          coordinatorVersion: message.welcome.coordinatorVersion,
          leaseTtlMs: BigInt(message.welcome.leaseTtlMs),
          heartbeatIntervalMs: BigInt(message.welcome.heartbeatIntervalMs),
        },
      };
    case "tasks":
      return { case: "tasks" as const, value: { tasks: message.tasks.map(taskToWire) } };
    case "cancels":
      return { case: "cancels" as const, value: { refs: message.refs.map(refToWire) } };
    case "heartbeatAck":
      return { case: "heartbeatAck" as const, value: { seq: BigInt(message.seq) } };
    case "logAcks":
      return { case: "logAcks" as const, value: { acks: message.acks.map(logAckToWire) } };
    case "resultAcks":
      return { case: "resultAcks" as const, value: { refs: message.refs.map(refToWire) } };
    case "refusals":
      return {
        case: "refusals" as const,
        value: {
          refusals: message.refusals.map(({ ref, reason }) => ({
            ref: refToWire(ref),
            reason: refusalReasonToWire[reason],
          })),
        },
      };
    case "availability":
      return { case: "availability" as const, value: orderToWire(message) };
    case "baseImage":
      return { case: "baseImage" as const, value: baseImageToWire(message.base) };
    case "imageOrder":
      return { case: "imageOrder" as const, value: imageOrderToWire(message.order) };
    case "imagePermit":
      return { case: "imagePermit" as const, value: { digest: digestToBytes(message.digest) } };
    case "removeContainers":
      return {
        case: "removeContainers" as const,
        value: {
          containers: message.containers.map((each) => ({ ...each, revision: BigInt(each.revision) })),
        },
      };
    case "deploymentLog":
      return { case: "deploymentLog" as const, value: logOrderToWire(message.order) };
    case "goodbye":
      return {
        case: "goodbye" as const,
        value: { reason: message.reason, retryAfterMs: BigInt(message.retryAfterMs), final: message.final },
      };
  }
}

/** Undefined: a message of a later version, to be passed over. */
export function downwardFromWire(wire: SessionResponse): Downward | undefined {
  const { body } = wire;
  switch (body.case) {
    case "welcome":
      return {
        kind: "welcome",
        welcome: {
          generation: parseGeneration(body.value.generation),
          coordinatorVersion: body.value.coordinatorVersion,
          leaseTtlMs: safeNumber(body.value.leaseTtlMs, "welcome.lease_ttl_ms"),
          heartbeatIntervalMs: safeNumber(body.value.heartbeatIntervalMs, "welcome.heartbeat_interval_ms"),
        },
      };
    case "tasks":
      return { kind: "tasks", tasks: body.value.tasks.map(taskFromWire) };
    case "cancels":
      return { kind: "cancels", refs: body.value.refs.map(refFromWire) };
    case "heartbeatAck":
      return { kind: "heartbeatAck", seq: safeNumber(body.value.seq, "heartbeat_ack.seq") };
    case "logAcks":
      return { kind: "logAcks", acks: body.value.acks.map(logAckFromWire) };
    case "resultAcks":
      return { kind: "resultAcks", refs: body.value.refs.map(refFromWire) };
    case "refusals":
      return {
        kind: "refusals",
        refusals: body.value.refusals.map(({ ref, reason }) => ({
          ref: refFromWire(ref),
          // A reason of a later version still is a refusal.
          reason: refusalReasonFromWire(reason) ?? "unknown",
        })),
      };
    case "availability":
      return { kind: "availability", ...orderFromWire(body.value) };
    case "baseImage":
      return { kind: "baseImage", base: baseImageFromWire(body.value) };
    case "imageOrder":
      return { kind: "imageOrder", order: imageOrderFromWire(body.value) };
    case "imagePermit":
      return { kind: "imagePermit", digest: digestOfBytes(body.value.digest) };
    case "removeContainers":
      return { kind: "removeContainers", containers: body.value.containers.map(unwantedFromWire) };
    case "deploymentLog":
      return { kind: "deploymentLog", order: logOrderFromWire(body.value) };
    case "goodbye":
      return {
        kind: "goodbye",
        reason: body.value.reason,
        retryAfterMs: safeNumber(body.value.retryAfterMs, "goodbye.retry_after_ms"),
        final: body.value.final,
      };
    case undefined:
      return undefined;
  }
}

const orderToWire = ({ cordoned, draining, endInMs }: WorkerOrder) => ({
  cordoned,
  draining,
  ...(endInMs === undefined ? {} : { endInMs: BigInt(endInMs) }),
});

function orderFromWire({ cordoned, draining, endInMs }: WireAvailability): WorkerOrder {
  const end = endInMs === undefined ? {} : { endInMs: safeNumber(endInMs, "availability.end_in_ms") };
  return { cordoned, draining, ...end };
}

function logAckToWire(ack: LogAck) {
  return { ref: refToWire(ack.ref), stream: logStreamToWire[ack.stream], nextOffset: BigInt(ack.nextOffset) };
}

type WireLogAck = Extract<SessionResponse["body"], { case: "logAcks" }>["value"]["acks"][number];

function logAckFromWire(wire: WireLogAck): LogAck {
  const stream = logStreamFromWire(wire.stream);
  if (stream === undefined) throw badField("log_ack.stream", "a log stream that this version knows");
  return {
    ref: refFromWire(required(wire.ref, "log_ack.ref")),
    stream,
    nextOffset: safeNumber(wire.nextOffset, "log_ack.next_offset"),
  };
}
