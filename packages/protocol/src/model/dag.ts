/**
 * A DAG as the coordinator keeps it: checked, defaults filled in, expressions still in place. The digest of its
 * canonical JSON is the version of the DAG, so everything here is plain JSON.
 */

import type { HumanSpec } from "./approval.ts";
import type { ChildSpec } from "./child.ts";
import type { DeploySpec } from "./deploy.ts";
import type { ForeachSpec } from "./foreach.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import type { Priority, RunConcurrency, Selector, StepLimit } from "./placement.ts";
import type { ScheduleSpec } from "./schedule.ts";
import type { StepSecret } from "./secret.ts";
import type { StepLimits } from "./step-limits.ts";

export const stepKinds = ["run", "agent", "dag", "deploy", "human"] as const;
export type StepKind = (typeof stepKinds)[number];

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
  /** How many of its runs may be under way; absent: any number. */
  readonly concurrency?: RunConcurrency;
  /** When it is started by itself, once it is stored; absent: never. */
  readonly schedules?: readonly ScheduleSpec[];
  /** Started when the steps have ended; absent: none. By kind, in the order of `handlerKinds`. */
  readonly handlers?: readonly StepSpec[];
  /** What a parent's `dag` step gets when the run succeeded: name to template. */
  readonly outputs?: { readonly [name: string]: string };
  /** DAGs that stand in the same file, for `use`; they see each other, and have none of their own. */
  readonly dags?: { readonly [name: string]: Omit<DagSpec, "dags" | "schedules"> };
  /** Of a local DAG: the name of the DAG whose file it stands in. */
  readonly localOf?: string;
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
  /** Variables whose values come from the vault or from the worker, when the step starts; absent: none. */
  readonly secrets?: readonly StepSecret[];
  /** What a worker must be like; its texts are templates over the parameters. */
  readonly worker: Selector;
  /** Absent: 3. */
  readonly priority?: Priority;
  /** What it takes a part of while it is in flight; absent: nothing. */
  readonly concurrency?: readonly StepLimit[];
  readonly timeoutMs?: number;
  /** Of each attempt; absent: what the worker has. */
  readonly limits?: StepLimits;
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
  readonly work: CommandSpec | AgentSpec | ChildSpec | DeploySpec | HumanSpec;
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

/** Steps, then handlers: a step's position in this list is its number in the store. */
export const allSteps = ({ steps, handlers }: DagSpec): readonly StepSpec[] =>
  handlers === undefined ? steps : [...steps, ...handlers];

/** Steps and handlers. */
export const stepsCount = ({ steps, handlers = [] }: DagSpec): number => steps.length + handlers.length;
