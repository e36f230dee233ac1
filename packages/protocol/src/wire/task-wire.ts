/** Tasks: protobuf ⇄ nouns. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  TaskSchema,
  type AgentSnapshot as WireAgentSnapshot,
  type AgentTask as WireAgentTask,
  type StepLimits as WireStepLimits,
  type Task as WireTask,
} from "../gen/haversack/v1/task_pb.ts";
import type { DeployWork } from "../model/deployment.ts";
import type { JsonObject } from "../model/json.ts";
import type { StepLimits } from "../model/step-limits.ts";
import type { AgentWork, CommandWork, Task } from "../model/task.ts";
import { parseTraceparent, traceFields } from "../model/trace.ts";
import { artifactFromWire, artifactToWire, refFromWire, refToWire } from "./attempt-wire.ts";
import { deployFromWire, deployToWire } from "./deployment-wire.ts";
import { snapshotFromWire, snapshotToWire } from "./descriptor-wire.ts";
import { badField, required, safeNumber } from "./fields.ts";
import { taskSecretsFromWire, taskSecretsToWire } from "./secret-wire.ts";

export function taskToWire(task: Task): WireTask {
  const init: MessageInitShape<typeof TaskSchema> = {
    ref: refToWire(task.ref),
    dagName: task.dagName,
    env: Object.fromEntries(task.env),
    timeoutMs: BigInt(task.timeoutMs ?? 0),
    inputs: task.inputs.map(artifactToWire),
    artifacts: [...task.artifacts],
    outputs: [...task.outputs],
    kind: workToWire(task.work),
    ...taskSecretsToWire(task.secrets),
    ...Object.fromEntries(traceFields(task.trace)),
  };
  if (task.limits !== undefined) init.limits = limitsToWire(task.limits);
  if (task.work.kind !== "run" && task.work.snapshot !== undefined)
    init.snapshot = snapshotToWire(task.work.snapshot);
  return create(TaskSchema, init);
}

function limitsToWire({ memoryBytes = 0, enforcement, ...others }: StepLimits) {
  const { cpuMillis = 0, pids = 0, files = 0 } = others;
  return { memoryBytes: BigInt(memoryBytes), cpuMillis, pids, files, hard: enforcement === "hard" };
}

function limitsFromWire({ memoryBytes, cpuMillis, pids, files, hard }: WireStepLimits): StepLimits {
  const memory = safeNumber(memoryBytes, "task.limits.memory_bytes");
  return {
    enforcement: hard ? "hard" : "any",
    ...(memory === 0 ? {} : { memoryBytes: memory }),
    ...(cpuMillis === 0 ? {} : { cpuMillis }),
    ...(pids === 0 ? {} : { pids }),
    ...(files === 0 ? {} : { files }),
  };
}

function workToWire(work: CommandWork | AgentWork | DeployWork) {
  if (work.kind === "deploy") return { case: "deploy" as const, value: deployToWire(work) };
  if (work.kind === "run") {
    return {
      case: "run" as const,
      value: { script: work.script, shell: [...work.shell], workdir: work.workdir },
    };
  }
  const outputSchema = work.outputSchema === undefined ? "" : JSON.stringify(work.outputSchema);
  return { case: "agent" as const, value: { prompt: work.prompt, outputSchema } };
}

export function taskFromWire(wire: WireTask): Task {
  const timeoutMs = safeNumber(wire.timeoutMs, "task.timeout_ms");
  const secrets = taskSecretsFromWire(wire);
  const trace = parseTraceparent(wire.traceparent, wire.tracestate);
  return {
    ref: refFromWire(wire.ref),
    dagName: wire.dagName,
    env: new Map(Object.entries(wire.env)),
    ...(timeoutMs === 0 ? {} : { timeoutMs }),
    ...(wire.limits === undefined ? {} : { limits: limitsFromWire(wire.limits) }),
    inputs: wire.inputs.map(artifactFromWire),
    artifacts: wire.artifacts,
    outputs: wire.outputs,
    work: workFromWire(wire),
    ...(secrets === undefined ? {} : { secrets }),
    ...(trace === undefined ? {} : { trace }),
  };
}

function workFromWire(wire: WireTask): CommandWork | AgentWork | DeployWork {
  switch (wire.kind.case) {
    case "run": {
      const { script, shell, workdir } = wire.kind.value;
      return { kind: "run", script, shell, workdir };
    }
    case "agent":
      return agentFromWire(wire.kind.value, wire.snapshot);
    case "deploy": {
      const snapshot = wire.snapshot === undefined ? {} : { snapshot: snapshotFromWire(wire.snapshot) };
      return { ...deployFromWire(wire.kind.value), ...snapshot };
    }
    case undefined:
      throw badField("task.kind", "a kind of step that this version knows");
  }
}

function agentFromWire(wire: WireAgentTask, snapshot: WireAgentSnapshot | undefined): AgentWork {
  return {
    kind: "agent",
    prompt: wire.prompt,
    snapshot: snapshotFromWire(required(snapshot, "task.snapshot")),
    ...(wire.outputSchema === "" ? {} : { outputSchema: parseSchema(wire.outputSchema) }),
  };
}

function parseSchema(text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    throw badField("task.agent.output_schema", "JSON text");
  }
}
