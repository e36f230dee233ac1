/**
 * A DAG as the coordinator keeps it: checked, defaults filled in, expressions still in place. The digest of its
 * canonical JSON is the version of the DAG, so everything here is plain JSON.
 */

import type { TimeoutAction } from "./approval.ts";
import type { ForeachSpec } from "./foreach.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { ScheduleSpec } from "./schedule.ts";

export type StepKind = "run" | "agent" | "human";

/** When a handler is started: by how the steps ended, and then once more whatever happened. In this order. */
export const handlerKinds = ["onSuccess", "onFailure", "onCancel", "onExit"] as const;
export type HandlerKind = (typeof handlerKinds)[number];

export interface DagSpec {
  readonly name: string;
  readonly description?: string;
  readonly params: { readonly [name: string]: ParamSpec };
  /** Those of its dotenv files included. */
  readonly env: { readonly [name: string]: string };
  /** What its runs are found by; expressions over params still in place. Absent: nothing. */
  readonly labels?: { readonly [label: string]: string };
  readonly steps: readonly StepSpec[];
  /** When it is started by itself, once it is stored; absent: never. */
  readonly schedules?: readonly ScheduleSpec[];
  /** Started when the steps have ended; absent: none. By kind, in the order of `handlerKinds`. */
  readonly handlers?: readonly StepSpec[];
  /** From its start to the end of its steps; absent: no limit. Its handlers together get the same time. */
  readonly timeoutMs?: number;
}

export interface ParamSpec {
  readonly type: "string" | "number" | "integer" | "boolean" | "array" | "object";
  readonly description?: string;
  readonly required: boolean;
  readonly default?: JsonValue;
  /** The JSON Schema that a value must satisfy. */
  readonly schema: JsonObject;
}

export interface StepSpec {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  /** Ids of steps. */
  readonly depends: readonly string[];
  /** The expression of its `if`, as it was written. */
  readonly condition?: string;
  /** Absent: a step of the run itself. */
  readonly handler?: HandlerKind;
  /** Its failure counts as success, for its dependents and for the run. */
  readonly continueOnError?: true;
  readonly env: { readonly [name: string]: string };
  /** Labels that a worker must have. */
  readonly worker: { readonly [label: string]: string };
  readonly timeoutMs?: number;
  /** From being ready until a worker takes it; absent: no limit. */
  readonly queueTimeoutMs?: number;
  readonly retry: RetrySpec;
  readonly outputs: readonly string[];
  readonly artifacts: readonly string[];
  /** Paths or globs over the artifacts of ancestors. */
  readonly inputs: readonly string[];
  readonly onWorkerLost: "retry" | "fail";
  /** Absent: it is done once. */
  readonly foreach?: ForeachSpec;
  readonly work: CommandSpec | AgentSpec | HumanSpec;
}

/** How often a step that failed is tried again. An attempt that was lost with its worker does not count. */
export interface RetrySpec {
  /** Tries after the first one; 0: none. */
  readonly limit: number;
  readonly backoff: "fixed" | "exponential";
  readonly delayMs: number;
  readonly maxDelayMs: number;
  /** Up to this part of a delay is left out, so that steps that failed together do not come back together; absent: none. */
  readonly jitter?: number;
  /** Only these exit codes are tried again; absent: all. */
  readonly exitCodes?: readonly number[];
}

export interface CommandSpec {
  readonly kind: "run";
  readonly script: string;
  readonly shell: readonly string[];
  readonly workdir: string;
}

export interface AgentSpec {
  readonly kind: "agent";
  readonly prompt: string;
  readonly outputSchema?: JsonObject;
  /** The step's own settings (`use`, model, skills, ...), merged with the library's by the snapshot planner. */
  readonly settings: JsonObject;
}

/** Asks a person. It holds no worker while it waits. */
export interface HumanSpec {
  readonly kind: "human";
  readonly prompt: string;
  /** JSON Schema of an object; absent: nothing is asked for but the decision. */
  readonly form?: JsonObject;
  readonly approvers: readonly string[];
  /** Absent: it waits for ever. */
  readonly timeoutMs?: number;
  readonly onTimeout: TimeoutAction;
  /** What a time-out that approves fills in: the defaults of the form. */
  readonly fieldsOnTimeout?: JsonObject;
}

/** Steps, then handlers: a step's position in this list is its number in the store. */
export const allSteps = ({ steps, handlers }: DagSpec): readonly StepSpec[] =>
  handlers === undefined ? steps : [...steps, ...handlers];

/** Steps and handlers. */
export const stepsCount = ({ steps, handlers = [] }: DagSpec): number => steps.length + handlers.length;
