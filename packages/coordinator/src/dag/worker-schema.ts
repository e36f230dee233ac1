/** `worker` of a DAG file: what a step asks of the labels of a worker. Each label has a value, a list, or a test. */

import { didYouMean } from "@haversack/base";
import type { LabelTest, Selector } from "@haversack/protocol";
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
