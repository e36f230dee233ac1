/**
 * What a step of a DAG file asks of its worker. `worker`: of its labels, where each has a value, a list, or a test. `limits`:
 * what all processes of the step together may take of its machine.
 */

import { didYouMean, parseByteSize } from "@haversack/base";
import { type LabelTest, limitsLabel, type Selector, type StepLimits } from "@haversack/protocol";
import { z } from "zod";
import { choice, isObject } from "./choice-schema.ts";

const valuesMax = 100;
const textMax = 64 * 1024;
const expected = "expected a value, a list of values, {in: [...]}, {not: [...]} or {exists: true | false}";

const scalar = z.union([z.string().max(textMax), z.number(), z.boolean()], { error: "expected text" });
const value = scalar.transform(String);
const values = z.array(value).min(1, "expected at least one value").max(valuesMax);

const equal = value.transform((text): LabelTest => text);
const list = values.transform((of): LabelTest => ({ in: of }));
const tests: Readonly<Record<string, z.ZodType<LabelTest>>> = {
  in: z.strictObject({ in: values }),
  not: z.strictObject({ not: values }),
  exists: z.strictObject({ exists: z.boolean() }),
};
const notOne = z.strictObject({ not: value.transform((text) => [text]) });

const labelTest = choice<LabelTest>([equal, list, notOne, ...Object.values(tests)], (written) => {
  if (Array.isArray(written)) return list;
  if (!isObject(written)) return scalar.safeParse(written).success ? equal : expected;
  const [name, more] = Object.keys(written);
  if (name === undefined) return expected;
  if (name === "not" && !Array.isArray(written["not"])) return notOne;
  const near = didYouMean(name, Object.keys(tests));
  if (tests[name] === undefined) return `unknown test "${name}"${near || `; ${expected}`}`;
  return more === undefined ? tests[name] : `"${name}" and "${more}" exclude each other; ${expected}`;
});

export const selectorSchema = z.record(z.string().min(1).max(128), labelTest);

/** Label by label, the last that says something counts. */
export const mergedSelector = (...selectors: readonly (Selector | undefined)[]): Selector =>
  Object.assign({}, ...selectors);

const memoryBytesMin = 4 * 1024 ** 2;
const cpuMax = 4096;
const countMax = 4_194_304;

const memoryText = z.string().meta({ pattern: "^\\d{1,15}((Ki|Mi|Gi)B?)?$" });
const memory = memoryText.transform((text, context) => {
  const bytes = parseByteSize(text.replace(/i$/, "iB"));
  if (bytes !== undefined && bytes >= memoryBytesMin) return bytes;
  context.addIssue({ code: "custom", message: "expected a size of at least 4MiB, such as 512MiB or 2GiB" });
  return z.NEVER;
});

export const limitsSchema = z.strictObject({
  memory: memory.optional(),
  cpu: z.number().min(0.01).max(cpuMax).optional(),
  pids: z.int().min(1).max(countMax).optional(),
  files: z.int().min(16).max(countMax).optional(),
  enforcement: z.enum(["any", "hard"]).optional(),
});

type Written = z.infer<typeof limitsSchema>;

/** Key by key, the last that says something counts; undefined: there is nothing to keep. */
export function mergedLimits(...written: readonly (Written | undefined)[]): StepLimits | undefined {
  const {
    memory: memoryBytes,
    cpu,
    pids,
    files,
    enforcement = "any",
  }: Written = Object.assign({}, ...written);
  const limits = {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpu === undefined ? {} : { cpuMillis: Math.round(cpu * 1000) }),
    ...(pids === undefined ? {} : { pids }),
    ...(files === undefined ? {} : { files }),
  };
  return Object.keys(limits).length === 0 ? undefined : { ...limits, enforcement };
}

/** What limits that must be kept ask of a worker. */
export const limitsSelector = (limits: StepLimits | undefined): Selector =>
  limits?.enforcement === "hard" ? { [limitsLabel]: "hard" } : {};
