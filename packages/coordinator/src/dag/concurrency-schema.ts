/** `concurrency` of a DAG file: of a whole run, by key; of a step, by key or by pool. */

import { onConflicts, type RunConcurrency, type StepLimit } from "@haversack/protocol";
import { z } from "zod";
import { choice, isObject } from "./choice-schema.ts";
import { slug } from "./slug.ts";

/** Of a key before its expressions are filled in. */
const templateMax = 4096;
const limitMax = 100_000;
/** Keys and pools of one step. */
const limitsMax = 8;

const key = z.string().min(1).max(templateMax);
const count = z.int().min(1).max(limitMax);

const runKey = key.transform((text): RunConcurrency => ({ key: text, limit: 1, onConflict: "queue" }));
const runWhole = z.strictObject({
  key,
  limit: count.default(1),
  onConflict: z.enum(onConflicts).default("queue"),
});

export const runConcurrencySchema = choice<RunConcurrency>([runKey, runWhole], (written) => {
  if (typeof written === "string") return runKey;
  return isObject(written) ? runWhole : "expected a key, or {key, limit, onConflict}";
});

const stepKey = key.transform((text): StepLimit => ({ key: text, limit: 1 }));
const stepWhole = z.strictObject({ key, limit: count.default(1) });
const stepPool = z.strictObject({ pool: slug, units: count.default(1) });

const stepLimit = choice<StepLimit>([stepKey, stepWhole, stepPool], (written) => {
  if (typeof written === "string") return stepKey;
  if (!isObject(written)) return "expected a key, {key, limit}, or {pool, units}";
  return "pool" in written || "units" in written ? stepPool : stepWhole;
});
const one = stepLimit.transform((limit): readonly StepLimit[] => [limit]);
const list = z.array(stepLimit).min(1, "expected at least one entry").max(limitsMax);

/** One entry or a list of them, as a list. */
export const stepConcurrencySchema = choice<readonly StepLimit[]>([one, list], (written) =>
  Array.isArray(written) ? list : one,
);
