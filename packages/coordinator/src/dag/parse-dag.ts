/** YAML text to a checked DAG. Throws ProblemsError with everything that is wrong. */

import {
  type DagSpec,
  type DotenvTexts,
  handlerKinds,
  type JsonValue,
  type LocalDag,
  type ParamSpec,
  type Priority,
  type Problem,
  ProblemsError,
  priorityDefault,
  type RetrySpec,
  type Selector,
  type StepLimits,
  type StepSpec,
} from "@haversack/protocol";
import { type AgentSettings, fieldProblems } from "@haversack/snapshot";
import type { z } from "zod";
import { DagChecker, problemsMax } from "./check-dag.ts";
import { type DagBody, type DagFile, dagSchema, plannedKeys, type StepFile } from "./dag-schema.ts";
import { type ReadDotenv, readDotenv } from "./dotenv.ts";
import { foreachSpec } from "./foreach-schema.ts";
import { kindProblems } from "./kind-problems.ts";
import { type LocalBody, localBodies, toldInFile, withLocals } from "./local-dags.ts";
import { schemaProblem, settleParams } from "./params.ts";
import { type ReadSchedules, readSchedules } from "./schedule-schema.ts";
import { secretsOf } from "./secret-schema.ts";
import { workOf } from "./work-spec.ts";
import { limitsSelector, mergedLimits, mergedSelector } from "./worker-schema.ts";
import { fieldOf, readYaml, type YamlSource } from "./yaml-source.ts";

export interface ParsedDag {
  readonly spec: DagSpec;
  readonly source: YamlSource;
  /** `defaults.agent`: merged with the library by the snapshot planner. */
  readonly agentDefaults: AgentSettings;
  /** Those under `dags` of the file. */
  readonly locals?: ReadonlyMap<string, ParsedDag>;
  /** What was read beside the DAG, and how problems name it. */
  readonly dotenv: ReadDotenv["files"];
}

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
  const bodies = localBodies(shape.data, source).map((each) => ({
    ...each,
    local: { ...specOf(each.name, each.body), localOf: shape.data.name },
  }));
  const localSpecs = bodies.map(({ local }): LocalDag => local);
  const spec = {
    ...withLocals(specOf(shape.data.name, shape.data, variables.env), localSpecs),
    ...(schedules.specs.length === 0 ? {} : { schedules: schedules.specs }),
  };
  if (early.length === 0) early.push(...scheduleParamProblems(spec, schedules, source));
  const problems = [...early, ...new DagChecker(source, spec).check()];
  const locals = new Map<string, ParsedDag>();
  for (const each of bodies) {
    if (problems.length > problemsMax) break;
    const own = withLocals(each.local, localSpecs);
    problems.push(...toldInFile(each, bodyProblems(each, own)));
    locals.set(each.name, { ...parsedDag(own, each), locals });
  }
  if (problems.length > 0) throw new ProblemsError(problems);
  const own = { ...parsedDag(spec, { body: shape.data, source }), dotenv: variables.files };
  return locals.size === 0 ? own : { ...own, locals };
}

function bodyProblems({ body, source }: Pick<LocalBody, "body" | "source">, spec: DagSpec): Problem[] {
  const early = [...kindProblems(body, source), ...paramProblems(body, source)];
  return [...early, ...new DagChecker(source, spec).check()];
}

function parsedDag(spec: DagSpec, { body, source }: Pick<LocalBody, "body" | "source">): ParsedDag {
  return { spec, source, agentDefaults: body.defaults?.agent ?? {}, dotenv: [] };
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

function paramProblems(file: DagBody, source: YamlSource): Problem[] {
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

function specOf(
  name: string,
  file: DagBody & Partial<Pick<DagFile, "concurrency">>,
  dotenv: DagSpec["env"] = {},
): DagSpec {
  const handlers = handlerKinds.flatMap((kind) =>
    (file[kind] ?? []).map((step): StepSpec => ({ ...stepSpec(step, file), handler: kind })),
  );
  return {
    name,
    ...(file.description === undefined ? {} : { description: file.description }),
    params: Object.fromEntries(
      Object.entries(file.params ?? {}).map(([name, value]) => [name, paramSpec(value)]),
    ),
    env: { ...dotenv, ...file.env },
    ...(file.labels === undefined ? {} : { labels: file.labels }),
    ...(file.concurrency === undefined ? {} : { concurrency: file.concurrency }),
    steps: file.steps.map((step) => stepSpec(step, file)),
    ...(handlers.length === 0 ? {} : { handlers }),
    ...(file.outputs === undefined ? {} : { outputs: file.outputs }),
    ...(file.timeout === undefined ? {} : { timeoutMs: file.timeout }),
  };
}

function paramSpec(value: NonNullable<DagBody["params"]>[string]): ParamSpec {
  const { required = false, default: preset, description, ...schema } = value as Record<string, JsonValue>;
  return {
    type: value.type,
    required: required === true,
    schema,
    ...(typeof description === "string" ? { description } : {}),
    ...(preset === undefined ? {} : { default: preset }),
  };
}

function stepSpec(step: StepFile, dag: DagBody): StepSpec {
  const { defaults: forWorkers = {}, worker, priority } = dag;
  const defaults = step.human === undefined ? forWorkers : {};
  const timeoutMs = step.timeout ?? defaults.timeout;
  const retry = step.retry ?? defaults.retry;
  const limits = mergedLimits(defaults.limits, step.limits);
  const foreach = foreachSpec(step);
  return {
    id: step.id,
    ...(step.name === undefined ? {} : { name: step.name }),
    ...(step.description === undefined ? {} : { description: step.description }),
    depends: step.depends ?? [],
    ...(step.if === undefined ? {} : { condition: step.if }),
    ...(step.continueOnError === true ? { continueOnError: true } : {}),
    env: { ...defaults.env, ...step.env },
    ...secretsOf(step, dag),
    worker: step.human === undefined ? selectorOf(step, [worker, defaults.worker], limits) : {},
    ...placementOf(step, priority),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(limits === undefined || !isOfWorkers(step) ? {} : { limits }),
    ...(step.queueTimeout === undefined ? {} : { queueTimeoutMs: step.queueTimeout }),
    retry: retry === undefined ? noRetry : retrySpec(retry),
    outputs: step.outputs ?? [],
    artifacts: step.artifacts ?? [],
    inputs: step.inputs ?? [],
    onWorkerLost: step.onWorkerLost ?? (step.deploy === undefined ? "retry" : "fail"),
    ...(foreach === undefined ? {} : { foreach }),
    work: workOf(step),
  };
}

const isOfWorkers = ({ run, agent }: StepFile): boolean => run !== undefined || agent !== undefined;

function selectorOf(
  step: StepFile,
  above: readonly (Selector | undefined)[],
  limits: StepLimits | undefined,
) {
  const forLimits = isOfWorkers(step) ? limitsSelector(limits) : {};
  return mergedSelector(...above, step.worker, forLimits);
}

function placementOf({ priority, concurrency }: StepFile, ofDag: Priority | undefined) {
  const level = priority ?? ofDag;
  return {
    ...(level === undefined || level === priorityDefault ? {} : { priority: level }),
    ...(concurrency === undefined ? {} : { concurrency }),
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
