/**
 * The shape of a DAG file: what may stand where. Meaning (cycles, names, expressions) is checked by `check-dag.ts`.
 */

import { durationForm, parseDuration } from "@haversack/base";
import { priorities, timeoutActions } from "@haversack/protocol";
import { z } from "zod";
import { runConcurrencySchema, stepConcurrencySchema } from "./concurrency-schema.ts";
import { deploySchema } from "./deploy-schema.ts";
import { dotenvSchema } from "./dotenv.ts";
import { foreachKeys } from "./foreach-schema.ts";
import { runLabelsSchema } from "./run-labels.ts";
import { scheduleSchema } from "./schedule-schema.ts";
import { secretsSchema } from "./secret-schema.ts";
import { slug } from "./slug.ts";
import { agent, agentDefaults, child, paramName } from "./step-kinds-schema.ts";
import { limitsSchema, selectorSchema } from "./worker-schema.ts";

const stepsMax = 100_000;
/** Of one kind. */
const handlersMax = 100;
const textMax = 64 * 1024;
const localDagsMax = 100;
const outputsMax = 200;

const stepId = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_-]{0,63}$/,
    "expected a letter, then letters, digits, - and _, at most 64 in all",
  );
const outputName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, "expected a name such as total_count");
const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected a variable name such as LOG_LEVEL");

const durationText = z.string().meta({ pattern: durationForm.source });
const duration = durationText.transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: "custom", message: "expected a duration such as 500ms, 90s, 20m or 1h30m" });
  return z.NEVER;
});

/** How far ahead something may fall due. */
const waitMaxMs = 365 * 86_400_000;
const wait = duration.refine((ms) => ms <= waitMaxMs, "expected at most 365d");

const scalar = z.union([z.string().max(textMax), z.number(), z.boolean()]).transform(String);
const envMap = z.record(envName, scalar);
/** 5 goes before 1. */
const priority = z.literal(
  priorities,
  "expected 1 to 5; 5 goes first, 3 is what steps have that say nothing",
);
const names = z.array(z.string().min(1).max(1024)).max(1000);

const retry = z.strictObject({
  limit: z.int().min(0).max(100).default(0),
  backoff: z.enum(["fixed", "exponential"]).default("fixed"),
  delay: duration.default(1000),
  maxDelay: duration.default(3_600_000),
  jitter: z.number().min(0).max(1).optional(),
  exitCodes: z.array(z.int().min(0).max(255)).min(1).optional(),
});

/** JSON Schema of one value, plus `required` and `default`. */
const param = z
  .looseObject({
    type: z.enum(["string", "number", "integer", "boolean", "array", "object"]),
    description: z.string().optional(),
    required: z.boolean().optional(),
    default: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    format: z.string().optional(),
  })
  .refine((value) => !(value.required === true && "default" in value), "a required parameter has no default");

const human = z.strictObject({
  prompt: z.string().min(1).max(textMax),
  form: z.record(z.string(), z.unknown()).optional(),
  approvers: z.array(z.string().min(1).max(200)).max(100).optional(),
  timeout: wait.optional(),
  onTimeout: z.enum(timeoutActions).optional(),
});

/** A step is of exactly one of these kinds. */
export const stepKinds = ["run", "agent", "dag", "deploy", "human"] as const;
/** Keys that say something about a command only. */
export const commandKeys = ["shell", "workdir"] as const;
/** A handler comes when all is over: these keys have nothing to say about it. */
export const notInHandlers = {
  human: "a handler cannot wait for a person: make it a step with an `if`, such as failure()",
  depends: "all handlers of a kind start together, when the run's steps have ended; leave `depends` out",
  continueOnError: "a handler that fails never changes the run's status; leave `continueOnError` out",
  foreach: "a handler is one step: do it for all in its command, or in a step before",
  matrix: "a handler is one step: do it for all in its command, or in a step before",
} as const;

const step = z.strictObject({
  id: stepId,
  name: z.string().max(200).optional(),
  description: z.string().max(2000).optional(),
  depends: z.array(z.string()).max(stepsMax).optional(),
  if: z
    .union([z.string().min(1).max(textMax), z.boolean()])
    .transform(String)
    .optional(),
  continueOnError: z.boolean().optional(),
  run: z
    .string()
    .min(1)
    .max(512 * 1024)
    .optional(),
  shell: z.array(z.string().min(1)).min(1).max(32).optional(),
  workdir: z.string().max(240).optional(),
  agent: agent.optional(),
  dag: child.optional(),
  deploy: deploySchema.optional(),
  human: human.optional(),
  env: envMap.optional(),
  secrets: secretsSchema.optional(),
  worker: selectorSchema.optional(),
  priority: priority.optional(),
  concurrency: stepConcurrencySchema.optional(),
  timeout: duration.optional(),
  limits: limitsSchema.optional(),
  queueTimeout: wait.optional(),
  retry: retry.optional(),
  outputs: z.array(outputName).max(200).optional(),
  artifacts: names.optional(),
  inputs: names.optional(),
  onWorkerLost: z.enum(["retry", "fail"]).optional(),
  ...foreachKeys,
});

const handlerList = z.array(step).max(handlersMax);
const handlers = handlerList.optional();

const defaults = z.strictObject({
  timeout: duration.optional(),
  limits: limitsSchema.optional(),
  retry: retry.optional(),
  worker: selectorSchema.optional(),
  env: envMap.optional(),
  agent: agentDefaults.optional(),
});

/** What a DAG of a file and one under its `dags` have in common. */
const localDag = z.strictObject({
  description: z.string().max(2000).optional(),
  params: z.record(paramName, param).optional(),
  env: envMap.optional(),
  secrets: secretsSchema.optional(),
  worker: selectorSchema.optional(),
  priority: priority.optional(),
  labels: runLabelsSchema.optional(),
  defaults: defaults.optional(),
  timeout: wait.optional(),
  steps: z.array(step).min(1, "expected at least one step").max(stepsMax),
  onSuccess: handlers,
  onFailure: handlers,
  onCancel: handlers,
  onExit: handlers,
  outputs: z
    .record(outputName, z.string().max(textMax))
    .refine((outputs) => Object.keys(outputs).length <= outputsMax, `expected at most ${outputsMax} outputs`)
    .optional(),
});

export const dagSchema = localDag.extend({
  name: slug,
  schedule: scheduleSchema.optional(),
  concurrency: runConcurrencySchema.optional(),
  dotenv: dotenvSchema.optional(),
  dags: z
    .record(slug, localDag)
    .refine((dags) => Object.keys(dags).length <= localDagsMax, `expected at most ${localDagsMax} DAGs`)
    .optional(),
});

/** Of a DAG of a file, or of one under its `dags`. */
export type DagBody = z.infer<typeof localDag>;
export type DagFile = z.infer<typeof dagSchema>;
export type StepFile = DagFile["steps"][number];

/** Of the JSON Schema, where each stands once, by its name. */
const parts = {
  agent,
  agentDefaults,
  child,
  defaults,
  deploy: deploySchema,
  duration: durationText,
  env: envMap,
  handlers: handlerList,
  human,
  limits: limitsSchema,
  localDag,
  param,
  retry,
  step,
  workerLabels: selectorSchema,
};
for (const [id, schema] of Object.entries(parts)) {
  z.globalRegistry.add(schema as z.ZodType, { ...z.globalRegistry.get(schema as z.ZodType), id });
}

/** Keys that later versions understand: to be told apart from spelling mistakes. */
export const plannedKeys = new Set(["files", "limits", "container"]);
