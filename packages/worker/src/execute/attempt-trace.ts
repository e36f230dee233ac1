/** The span of an attempt, and what the programs of its step are told of it. */

import {
  type AttemptResult,
  type OpenSpan,
  type SpanAttributes,
  spanIdOfAttempt,
  type Task,
  type TraceContext,
  type Tracing,
  traceFields,
} from "@haversack/protocol";

import type { ModelTurn } from "./executor.ts";

export interface AttemptTrace {
  /** For the environment of the step: its programs hang their spans under the attempt's. */
  readonly variables: readonly (readonly [string, string])[];
  readonly turn: (turn: ModelTurn) => void;
  /** The first end counts. @param result absent: the attempt is no longer ours */
  end(result?: Pick<AttemptResult, "outcome" | "failure" | "exitCode" | "usage">): void;
}

export interface WorkerTraces {
  /** Undefined: no traces are asked for. */
  readonly tracing: Tracing | undefined;
  /** Names this worker in every span. */
  readonly attributes: SpanAttributes;
}

const none: WorkerTraces = { tracing: undefined, attributes: {} };

/** Undefined: the run has no trace. */
export function traceAttempt(task: Task, traces: WorkerTraces = none): AttemptTrace | undefined {
  const { tracing, attributes } = traces;
  const { trace: parent } = task;
  if (parent === undefined) return undefined;
  const span = tracing?.begin({
    name: `attempt ${task.ref.stepId}`,
    kind: "internal",
    parent,
    id: idOf(task, task.ref.attempt),
    attributes: { ...attributesOf(task), ...attributes },
    links: linksOf(task, parent),
  });
  return {
    variables: traceFields(span?.context ?? parent, true),
    turn: (turn) => {
      if (span !== undefined) tellTurn(turn, span, tracing);
    },
    end: (result) => span?.end(endOf(result)),
  };
}

/** By the conventions for generative models. */
function tellTurn(turn: ModelTurn, { context: parent }: OpenSpan, tracing: Tracing | undefined): void {
  const { model, inputTokens, outputTokens, startedAt, endedAt } = turn;
  const attributes = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": model,
    "gen_ai.usage.input_tokens": inputTokens,
    "gen_ai.usage.output_tokens": outputTokens,
  };
  tracing?.begin({ name: `chat ${model}`, kind: "client", parent, startedAt, attributes }).end({ endedAt });
}

const idOf = ({ ref }: Task, attempt: number): string => spanIdOfAttempt(ref.runId, ref.stepId, attempt);

function attributesOf({ ref, dagName, work }: Task): SpanAttributes {
  return {
    "haversack.run.id": ref.runId,
    "haversack.step.id": ref.stepId,
    "haversack.step.kind": work.kind,
    "haversack.attempt": ref.attempt,
    "haversack.dag.name": dagName,
    ...(work.kind === "agent" ? { "gen_ai.operation.name": "invoke_agent" } : {}),
  };
}

/** To the attempt before: it was not a part of this one, nor this one of it. */
const linksOf = (task: Task, { traceId }: TraceContext) =>
  task.ref.attempt === 1 ? [] : [{ traceId, spanId: idOf(task, task.ref.attempt - 1) }];

function endOf(result: Parameters<AttemptTrace["end"]>[0]) {
  if (result === undefined) return { attributes: { "haversack.outcome": "lost" }, error: "lease_lost" };
  const { outcome, failure, exitCode, usage } = result;
  const attributes: SpanAttributes = {
    "haversack.outcome": outcome,
    ...(exitCode === undefined ? {} : { "process.exit.code": exitCode }),
    ...(usage === undefined
      ? {}
      : {
          "gen_ai.usage.input_tokens": usage.inputTokens,
          "gen_ai.usage.output_tokens": usage.outputTokens,
          "haversack.agent.turns": usage.turns,
          "haversack.agent.tool_calls": usage.toolCalls,
        }),
  };
  return outcome === "succeeded" ? { attributes } : { attributes, error: failure?.code ?? outcome };
}
