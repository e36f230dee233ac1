/** YAML text to a checked DAG. Throws ProblemsError with everything that is wrong. */

import { didYouMean } from "@haversack/base";
import {
  type AgentSpec,
  type CommandSpec,
  type DagSpec,
  type JsonObject,
  type JsonValue,
  type ParamSpec,
  type Problem,
  ProblemsError,
  type RetrySpec,
  type StepSpec,
} from "@haversack/protocol";
import type { AgentSettings } from "@haversack/snapshot";
import type { z } from "zod";
import { DagChecker } from "./check-dag.ts";
import { type DagFile, dagSchema, knownKeys, plannedKeys, type StepFile } from "./dag-schema.ts";
import { schemaProblem } from "./params.ts";
import { fieldOf, readYaml, type YamlPath, type YamlSource } from "./yaml-source.ts";

export interface ParsedDag {
  readonly spec: DagSpec;
  readonly source: YamlSource;
  /** `defaults.agent`: merged with the library by the snapshot planner. */
  readonly agentDefaults: AgentSettings;
}

export const defaultShell: readonly string[] = ["bash", "-euo", "pipefail"];
const noRetry: RetrySpec = { limit: 0, backoff: "fixed", delayMs: 1000, maxDelayMs: 3_600_000 };

export function parseDag(text: string, file: string): ParsedDag {
  const source = readYaml(text, file);
  const shape = dagSchema.safeParse(source.value);
  if (!shape.success)
    throw new ProblemsError(shape.error.issues.flatMap((issue) => problemsOf(issue, source)));
  const early = [...kindProblems(shape.data, source), ...paramProblems(shape.data, source)];
  const spec = specOf(shape.data);
  const problems = [...early, ...new DagChecker(source, spec).check()];
  if (problems.length > 0) throw new ProblemsError(problems);
  return { spec, source, agentDefaults: shape.data.defaults?.agent ?? {} };
}

function problemsOf(issue: z.core.$ZodIssue, source: YamlSource): Problem[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => unknownKey([...path, key], key, source));
  if (issue.code === "invalid_key") {
    const message = issue.issues.map((inner) => inner.message).join("; ");
    return [{ file: source.file, ...source.atKey(path), field: fieldOf(path), code: "bad_name", message }];
  }
  const missing = issue.code === "invalid_type" && issue.message.includes("received undefined");
  const message = missing ? "is required" : lowerFirst(issue.message);
  return [{ file: source.file, ...source.at(path), field: fieldOf(path), code: "bad_value", message }];
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

function unknownKey(path: YamlPath, key: string, source: YamlSource): Problem {
  const parent = fieldOf(path.slice(0, -1));
  const known = knownKeys.find(([pattern]) => pattern.test(parent))?.[1] ?? [];
  const place = { file: source.file, ...source.atKey(path), field: fieldOf(path) };
  if (plannedKeys.has(key)) {
    return { ...place, code: "not_supported", message: `this version does not support \`${key}\` yet` };
  }
  return { ...place, code: "unknown_key", message: `unknown key "${key}"${didYouMean(key, known)}` };
}

function kindProblems(file: DagFile, source: YamlSource): Problem[] {
  return file.steps.flatMap((step, index) => {
    const kinds = [step.run, step.agent].filter((kind) => kind !== undefined).length;
    const path = ["steps", index];
    const place = { file: source.file, ...source.at(path), field: fieldOf(path) };
    if (kinds !== 1) {
      return [
        {
          ...place,
          code: "step_kind",
          message: `step "${step.id}" needs exactly one of run, agent; it has ${kinds}`,
        },
      ];
    }
    const stray = (["shell", "workdir"] as const).filter(
      (key) => step.agent !== undefined && step[key] !== undefined,
    );
    return stray.map((key) => ({ ...place, code: "step_kind", message: `\`${key}\` belongs to a run step` }));
  });
}

function paramProblems(file: DagFile, source: YamlSource): Problem[] {
  return Object.entries(file.params ?? {}).flatMap(([name, value]) => {
    const path = ["params", name];
    const problem = schemaProblem(paramSpec(value));
    const place = { file: source.file, ...source.at(path), field: fieldOf(path) };
    return problem === undefined ? [] : [{ ...place, code: "bad_param", message: problem }];
  });
}

function specOf(file: DagFile): DagSpec {
  return {
    name: file.name,
    ...(file.description === undefined ? {} : { description: file.description }),
    params: Object.fromEntries(
      Object.entries(file.params ?? {}).map(([name, value]) => [name, paramSpec(value)]),
    ),
    env: file.env ?? {},
    steps: file.steps.map((step) => stepSpec(step, file.defaults ?? {})),
  };
}

function paramSpec(value: NonNullable<DagFile["params"]>[string]): ParamSpec {
  const { required = false, default: preset, description, ...schema } = value as Record<string, JsonValue>;
  return {
    type: value.type,
    required: required === true,
    schema,
    ...(typeof description === "string" ? { description } : {}),
    ...(preset === undefined ? {} : { default: preset }),
  };
}

function stepSpec(step: StepFile, defaults: NonNullable<DagFile["defaults"]>): StepSpec {
  const timeoutMs = step.timeout ?? defaults.timeout;
  const retry = step.retry ?? defaults.retry;
  return {
    id: step.id,
    ...(step.name === undefined ? {} : { name: step.name }),
    ...(step.description === undefined ? {} : { description: step.description }),
    depends: step.depends ?? [],
    env: { ...defaults.env, ...step.env },
    worker: { ...defaults.worker, ...step.worker },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    retry: retry === undefined ? noRetry : retrySpec(retry),
    outputs: step.outputs ?? [],
    artifacts: step.artifacts ?? [],
    inputs: step.inputs ?? [],
    onWorkerLost: step.onWorkerLost ?? "retry",
    work: workOf(step),
  };
}

function retrySpec(retry: NonNullable<StepFile["retry"]>): RetrySpec {
  const { limit, backoff, delay, maxDelay, exitCodes } = retry;
  return {
    limit,
    backoff,
    delayMs: delay,
    maxDelayMs: maxDelay,
    ...(exitCodes === undefined ? {} : { exitCodes }),
  };
}

function workOf(step: StepFile): CommandSpec | AgentSpec {
  if (step.agent === undefined) {
    return {
      kind: "run",
      script: step.run ?? "",
      shell: step.shell ?? defaultShell,
      workdir: step.workdir ?? "",
    };
  }
  const { prompt, output, ...settings } = step.agent;
  return {
    kind: "agent",
    prompt,
    settings: settings as JsonObject,
    ...(output === undefined ? {} : { outputSchema: output as JsonObject }),
  };
}
