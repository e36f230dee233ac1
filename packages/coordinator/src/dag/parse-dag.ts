/** YAML text to a checked DAG. Throws ProblemsError with everything that is wrong. */

import {
  type AgentSpec,
  type CommandSpec,
  type DagSpec,
  type DotenvTexts,
  type HumanSpec,
  handlerKinds,
  type JsonObject,
  type JsonValue,
  type ParamSpec,
  type Problem,
  ProblemsError,
  type RetrySpec,
  type StepSpec,
} from "@haversack/protocol";
import { type AgentSettings, fieldProblems } from "@haversack/snapshot";
import type { z } from "zod";
import { DagChecker, problemsMax } from "./check-dag.ts";
import {
  commandKeys,
  type DagFile,
  dagSchema,
  notInHandlers,
  plannedKeys,
  type StepFile,
  stepKinds,
} from "./dag-schema.ts";
import { type ReadDotenv, readDotenv } from "./dotenv.ts";
import { foreachKeyProblems, foreachSpec } from "./foreach-schema.ts";
import { humanProblems, humanSpec } from "./human.ts";
import { schemaProblem, settleParams } from "./params.ts";
import { placesIn } from "./places.ts";
import { type ReadSchedules, readSchedules } from "./schedule-schema.ts";
import { fieldOf, readYaml, type YamlSource } from "./yaml-source.ts";

export interface ParsedDag {
  readonly spec: DagSpec;
  readonly source: YamlSource;
  /** `defaults.agent`: merged with the library by the snapshot planner. */
  readonly agentDefaults: AgentSettings;
  /** What was read beside the DAG, and how problems name it. */
  readonly dotenv: ReadDotenv["files"];
}

const defaultShell: readonly string[] = ["bash", "-euo", "pipefail"];
const noDotenv: ReadDotenv = { env: {}, files: [], problems: [] };
const noRetry: RetrySpec = { limit: 0, backoff: "fixed", delayMs: 1000, maxDelayMs: 3_600_000 };

/** @param dotenv the files that came along; absent: who asks has no use for the variables in them */
export function parseDag(text: string, file: string, dotenv?: DotenvTexts): ParsedDag {
  const source = readYaml(text, file);
  const shape = dagSchema.safeParse(source.value);
  if (!shape.success) throw new ProblemsError(shapeProblems(shape.error, source));
  const schedules = readSchedules(shape.data.schedule, source);
  const variables = dotenv === undefined ? noDotenv : readDotenv(shape.data.dotenv, dotenv, source);
  const early = [
    ...kindProblems(shape.data, source),
    ...paramProblems(shape.data, source),
    ...schedules.problems,
    ...variables.problems,
  ];
  const spec = {
    ...specOf(shape.data, variables.env),
    ...(schedules.specs.length === 0 ? {} : { schedules: schedules.specs }),
  };
  if (early.length === 0) early.push(...scheduleParamProblems(spec, schedules, source));
  const problems = [...early, ...new DagChecker(source, spec).check()];
  if (problems.length > 0) throw new ProblemsError(problems);
  return { spec, source, agentDefaults: shape.data.defaults?.agent ?? {}, dotenv: variables.files };
}

function shapeProblems(error: z.ZodError, source: YamlSource): Problem[] {
  const told = fieldProblems(error, dagSchema, source.value).slice(0, problemsMax);
  return told.map(({ field, message }): Problem => {
    const key = /[^.\]]+$/.exec(field)?.[0] ?? "";
    const place = { file: source.file, ...source.at(field), field };
    if (!message.startsWith("unknown key")) return { ...place, code: "bad_value", message };
    return plannedKeys.has(key)
      ? { ...place, code: "not_supported", message: `this version does not support \`${key}\` yet` }
      : { ...place, code: "unknown_key", message };
  });
}

function kindProblems(file: DagFile, source: YamlSource): Problem[] {
  return placesIn(file).flatMap(({ step, path }) => {
    const kinds = stepKinds.filter((kind) => step[kind] !== undefined).length;
    const place = { file: source.file, ...source.at(fieldOf(path)), field: fieldOf(path) };
    if (kinds !== 1) {
      return [
        {
          ...place,
          code: "step_kind",
          message: `step "${step.id}" needs exactly one of ${stepKinds.join(", ")}; it has ${kinds}`,
        },
      ];
    }
    const stray = commandKeys.filter((key) => step.run === undefined && step[key] !== undefined);
    const late = path[0] === "steps" ? [] : (["depends", "continueOnError", "foreach", "matrix"] as const);
    return [
      ...stray.map((key) => ({ ...place, code: "step_kind", message: `\`${key}\` belongs to a run step` })),
      ...foreachKeyProblems(step).map((problem) => ({ ...place, ...problem })),
      ...late
        .filter((key) => step[key] !== undefined)
        .map((key) => ({ ...place, code: "not_in_handler", message: notInHandlers[key] })),
      ...humanProblems(step, path[0] !== "steps").map((problem): Problem => {
        const field = fieldOf([...path, ...problem.path]);
        return {
          file: source.file,
          ...source.at(field),
          field,
          code: problem.code,
          message: problem.message,
        };
      }),
    ];
  });
}

function paramProblems(file: DagFile, source: YamlSource): Problem[] {
  return Object.entries(file.params ?? {}).flatMap(([name, value]) => {
    const path = ["params", name];
    const problem = schemaProblem(paramSpec(value));
    const place = { file: source.file, ...source.at(fieldOf(path)), field: fieldOf(path) };
    return problem === undefined ? [] : [{ ...place, code: "bad_param", message: problem }];
  });
}

/** A schedule has nobody to ask: what it gives must be all that a run needs. */
function scheduleParamProblems(
  dag: DagSpec,
  { specs, places }: ReadSchedules,
  source: YamlSource,
): Problem[] {
  return specs.flatMap(({ params }, index) => {
    try {
      settleParams(dag, params, source.file);
      return [];
    } catch (error) {
      if (!(error instanceof ProblemsError)) throw error;
      return error.problems.map((problem) => {
        const field = fieldOf([...(places[index] ?? []), ...problem.field.split(".")]);
        return { ...problem, ...source.at(field), field };
      });
    }
  });
}

function specOf(file: DagFile, dotenv: DagSpec["env"]): DagSpec {
  const handlers = handlerKinds.flatMap((kind) =>
    (file[kind] ?? []).map((step): StepSpec => ({ ...stepSpec(step, file.defaults ?? {}), handler: kind })),
  );
  return {
    name: file.name,
    ...(file.description === undefined ? {} : { description: file.description }),
    params: Object.fromEntries(
      Object.entries(file.params ?? {}).map(([name, value]) => [name, paramSpec(value)]),
    ),
    env: { ...dotenv, ...file.env },
    ...(file.labels === undefined ? {} : { labels: file.labels }),
    steps: file.steps.map((step) => stepSpec(step, file.defaults ?? {})),
    ...(handlers.length === 0 ? {} : { handlers }),
    ...(file.timeout === undefined ? {} : { timeoutMs: file.timeout }),
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

function stepSpec(step: StepFile, forWorkers: NonNullable<DagFile["defaults"]>): StepSpec {
  const defaults = step.human === undefined ? forWorkers : {};
  const timeoutMs = step.timeout ?? defaults.timeout;
  const retry = step.retry ?? defaults.retry;
  const foreach = foreachSpec(step);
  return {
    id: step.id,
    ...(step.name === undefined ? {} : { name: step.name }),
    ...(step.description === undefined ? {} : { description: step.description }),
    depends: step.depends ?? [],
    ...(step.if === undefined ? {} : { condition: step.if }),
    ...(step.continueOnError === true ? { continueOnError: true } : {}),
    env: { ...defaults.env, ...step.env },
    worker: { ...defaults.worker, ...step.worker },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(step.queueTimeout === undefined ? {} : { queueTimeoutMs: step.queueTimeout }),
    retry: retry === undefined ? noRetry : retrySpec(retry),
    outputs: step.outputs ?? [],
    artifacts: step.artifacts ?? [],
    inputs: step.inputs ?? [],
    onWorkerLost: step.onWorkerLost ?? "retry",
    ...(foreach === undefined ? {} : { foreach }),
    work: workOf(step),
  };
}

function retrySpec(retry: NonNullable<StepFile["retry"]>): RetrySpec {
  const { limit, backoff, delay, maxDelay, jitter, exitCodes } = retry;
  return {
    limit,
    backoff,
    delayMs: delay,
    maxDelayMs: maxDelay,
    ...(jitter === undefined ? {} : { jitter }),
    ...(exitCodes === undefined ? {} : { exitCodes }),
  };
}

function workOf(step: StepFile): CommandSpec | AgentSpec | HumanSpec {
  if (step.human !== undefined) return humanSpec(step.human);
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
