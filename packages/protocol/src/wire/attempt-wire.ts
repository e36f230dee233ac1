/** Attempts, results, logs and artifacts: protobuf ⇄ nouns. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  ArtifactSchema,
  AttemptRefSchema,
  AttemptResultSchema,
  FailureSchema,
  LogChunkSchema,
  UsageSchema,
  type Artifact as WireArtifact,
  type AttemptRef as WireAttemptRef,
  type AttemptResult as WireAttemptResult,
  type Failure as WireFailure,
  type LogChunk as WireLogChunk,
  type Usage as WireUsage,
} from "../gen/haversack/v1/attempt_pb.ts";
import type { AttemptRef } from "../model/fence.ts";
import { digestOfBytes, digestToBytes, parseGeneration, parseRunId, parseStepId } from "../model/ids.ts";
import type { JsonValue } from "../model/json.ts";
import type { Artifact, AttemptResult, Failure, LogChunk, LogEnd, Usage } from "../model/outcome.ts";
import { deploymentReportFromWire, deploymentReportToWire } from "./deployment-wire.ts";
import { logStreamFromWire, logStreamToWire, outcomeFromWire, outcomeToWire } from "./enums.ts";
import { badField, required, safeNumber } from "./fields.ts";
import { operationFromWire, operationToWire } from "./memory-wire.ts";

export function refToWire(ref: AttemptRef): WireAttemptRef {
  return create(AttemptRefSchema, {
    runId: ref.runId,
    stepId: ref.stepId,
    generation: ref.generation,
    attempt: ref.attempt,
  });
}

export function refFromWire(wire: WireAttemptRef | undefined): AttemptRef {
  const ref = required(wire, "ref");
  if (ref.attempt === 0) throw badField("ref.attempt", "1 or more");
  return {
    runId: parseRunId(ref.runId),
    stepId: parseStepId(ref.stepId),
    generation: parseGeneration(ref.generation),
    attempt: ref.attempt,
  };
}

export function failureToWire(failure: Failure): WireFailure {
  return create(FailureSchema, { code: failure.code, message: failure.message });
}

export function failureFromWire(wire: WireFailure): Failure {
  return { code: wire.code, message: wire.message };
}

export function artifactToWire(artifact: Artifact): WireArtifact {
  return create(ArtifactSchema, {
    path: artifact.path,
    digest: digestToBytes(artifact.digest),
    size: BigInt(artifact.size),
    executable: artifact.executable,
  });
}

export function artifactFromWire(wire: WireArtifact): Artifact {
  return {
    path: wire.path,
    digest: digestOfBytes(wire.digest),
    size: safeNumber(wire.size, "artifact.size"),
    executable: wire.executable,
  };
}

export function usageToWire(usage: Usage): WireUsage {
  return create(UsageSchema, {
    turns: usage.turns,
    toolCalls: usage.toolCalls,
    inputTokens: BigInt(usage.inputTokens),
    outputTokens: BigInt(usage.outputTokens),
  });
}

export function usageFromWire(wire: WireUsage): Usage {
  return {
    turns: wire.turns,
    toolCalls: wire.toolCalls,
    inputTokens: safeNumber(wire.inputTokens, "usage.input_tokens"),
    outputTokens: safeNumber(wire.outputTokens, "usage.output_tokens"),
  };
}

export function resultToWire(result: AttemptResult): WireAttemptResult {
  const init: MessageInitShape<typeof AttemptResultSchema> = {
    ref: refToWire(result.ref),
    outcome: outcomeToWire[result.outcome],
    outputs: Object.fromEntries([...result.outputs].map(([name, value]) => [name, JSON.stringify(value)])),
    artifacts: result.artifacts.map(artifactToWire),
    logs: result.logs.map(logEndToWire),
    memory: (result.memory ?? []).map(operationToWire),
  };
  if (result.failure !== undefined) init.failure = failureToWire(result.failure);
  if (result.exitCode !== undefined) init.exitCode = result.exitCode;
  if (result.usage !== undefined) init.usage = usageToWire(result.usage);
  if (result.deployment !== undefined) init.deployment = deploymentReportToWire(result.deployment);
  return create(AttemptResultSchema, init);
}

export function resultFromWire(wire: WireAttemptResult): AttemptResult {
  const outcome = outcomeFromWire(wire.outcome);
  if (outcome === undefined) throw badField("result.outcome", "an outcome that this version knows");
  return {
    ref: refFromWire(wire.ref),
    outcome,
    outputs: new Map(Object.entries(wire.outputs).map(([name, text]) => [name, parseOutput(name, text)])),
    artifacts: wire.artifacts.map(artifactFromWire),
    logs: wire.logs.map(logEndFromWire),
    ...(wire.failure === undefined ? {} : { failure: failureFromWire(wire.failure) }),
    ...(wire.exitCode === undefined ? {} : { exitCode: wire.exitCode }),
    ...(wire.usage === undefined ? {} : { usage: usageFromWire(wire.usage) }),
    ...(wire.deployment === undefined ? {} : { deployment: deploymentReportFromWire(wire.deployment) }),
    ...(wire.memory.length === 0 ? {} : { memory: memoryFromWire(wire.memory) }),
  };
}

/** More than any run may ask for. */
const operationsMax = 200;

function memoryFromWire(operations: WireAttemptResult["memory"]) {
  if (operations.length > operationsMax)
    throw badField("result.memory", `at most ${operationsMax} operations`);
  return operations.map(operationFromWire);
}

function parseOutput(name: string, text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw badField(`result.outputs[${JSON.stringify(name)}]`, "JSON text");
  }
}

function logEndToWire(end: LogEnd) {
  return {
    stream: logStreamToWire[end.stream],
    length: BigInt(end.length),
    sha256: digestToBytes(end.sha256),
  };
}

function logEndFromWire(wire: WireAttemptResult["logs"][number]): LogEnd {
  const stream = logStreamFromWire(wire.stream);
  if (stream === undefined) throw badField("result.logs.stream", "a log stream that this version knows");
  return {
    stream,
    length: safeNumber(wire.length, "result.logs.length"),
    sha256: digestOfBytes(wire.sha256),
  };
}

export function chunkToWire(chunk: LogChunk): WireLogChunk {
  return create(LogChunkSchema, {
    ref: refToWire(chunk.ref),
    stream: logStreamToWire[chunk.stream],
    offset: BigInt(chunk.offset),
    data: chunk.data,
  });
}

/** The data is a view of the message: whoever keeps it copies it. */
export function chunkFromWire(wire: WireLogChunk): LogChunk {
  const stream = logStreamFromWire(wire.stream);
  if (stream === undefined) throw badField("chunk.stream", "a log stream that this version knows");
  return {
    ref: refFromWire(wire.ref),
    stream,
    offset: safeNumber(wire.offset, "chunk.offset"),
    data: wire.data,
  };
}
