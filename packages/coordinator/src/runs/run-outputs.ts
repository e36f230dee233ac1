/** What a run's DAG says that the run gives. Pure. */

import type { DagSpec, JsonObject, JsonValue } from "@haversack/protocol";
import type { TemplateData } from "./expression-value.ts";
import { evaluate } from "./expressions.ts";

/** Those of a step's command: a child run's outputs become those of a step. */
const outputLimits = { valueBytesMax: 65_536, bytesMax: 1_048_576 } as const;

export type RunOutputs =
  | { readonly ok: true; readonly outputs: JsonObject }
  | { readonly ok: false; readonly problem: string };

/** @param data what the templates name, of a run that has succeeded */
export function runOutputs(templates: NonNullable<DagSpec["outputs"]>, data: TemplateData): RunOutputs {
  const outputs: Record<string, JsonValue> = {};
  let left: number = outputLimits.bytesMax;
  for (const [name, text] of Object.entries(templates)) {
    const value = evaluate(text, data);
    const bytes = Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));
    if (bytes > outputLimits.valueBytesMax)
      return tooLarge(`its output "${name}"`, outputLimits.valueBytesMax);
    left -= bytes;
    if (left < 0) return tooLarge("its outputs together", outputLimits.bytesMax);
    outputs[name] = value;
  }
  return { ok: true, outputs };
}

const tooLarge = (what: string, bytesMax: number): RunOutputs => ({
  ok: false,
  problem: `${what} is over ${bytesMax} bytes; pass large data as artifacts`,
});
