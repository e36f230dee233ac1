/** `params` of a Dagu file: text, a list or a map, to parameters with a schema. */

import type { JsonObject } from "@haversack/protocol";
import type { Losses } from "./losses.ts";
import { type Entry, isMap } from "./section.ts";
import { isScalar, pairsOf, wordsOf } from "./values.ts";
import { expanded } from "./variables.ts";

export interface Parameters {
  readonly specs: ReadonlyMap<string, JsonObject>;
  /** Those that are `$1`, `$2` … to a command, in their order. */
  readonly positional: readonly string[];
}

interface Raw {
  readonly name: string;
  readonly field: string;
  readonly spec: JsonObject;
}

const nameForm = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
/** Keys of Dagu's own form, and ours. */
const schemaKeys = {
  description: "description",
  enum: "enum",
  minimum: "minimum",
  maximum: "maximum",
  min_length: "minLength",
  minLength: "minLength",
  max_length: "maxLength",
  maxLength: "maxLength",
  pattern: "pattern",
  required: "required",
} as const;

export function parametersOf(entries: readonly (Entry | undefined)[], losses: Losses): Parameters {
  const raws = entries.flatMap((entry) => (entry === undefined ? [] : rawsOf(entry, losses)));
  const specs = new Map<string, JsonObject>();
  for (const { name, field, spec } of raws) {
    const value = spec["default"];
    const known = (other: string): string | undefined => {
      const before = specs.get(other)?.["default"];
      return isScalar(before) ? String(before) : undefined;
    };
    const told = typeof value === "string" ? expanded(value, known) : undefined;
    if (!nameForm.test(name))
      losses.lose(field, `${JSON.stringify(name)} cannot be the name of a parameter: letters, digits and _`);
    else if (told !== undefined && "problem" in told) losses.lose(field, told.problem);
    else specs.set(name, told === undefined ? spec : { ...spec, default: told.text });
  }
  return { specs, positional: [...specs.keys()].filter((name) => /^P[1-9]\d*$/.test(name)) };
}

const textParam = (value: unknown): JsonObject => ({
  type: "string",
  default: isScalar(value) ? String(value) : "",
});

function rawsOf({ value, field }: Entry, losses: Losses): Raw[] {
  if (isScalar(value)) return wordsToRaws(String(value), field);
  if (isMap(value)) {
    if (value["schema"] === undefined && !(value["type"] === "object" && isMap(value["properties"])))
      return mapToRaws(value, field, losses);
    losses.lose(field, "parameters by a schema of their own: write each under `params` with its JSON Schema");
    return [];
  }
  if (!Array.isArray(value)) {
    losses.lose(field, "expected parameters as text, a list or a map");
    return [];
  }
  return value.flatMap((each: unknown, index): Raw[] => {
    const at = `${field}[${index}]`;
    if (isMap(each) && typeof each["name"] === "string") return [richRaw(each["name"], each, at, losses)];
    if (isMap(each)) return mapToRaws(each, at, losses);
    return isScalar(each) ? wordsToRaws(String(each), at, index) : [];
  });
}

function mapToRaws(map: Readonly<Record<string, unknown>>, field: string, losses: Losses): Raw[] {
  return (pairsOf(map) ?? []).map(({ name, value, at }) => {
    if (isMap(value)) return richRaw(name, value, `${field}${at}`, losses);
    const text = isScalar(value) || value === null ? value : JSON.stringify(value);
    return { name, field: `${field}${at}`, spec: textParam(text) };
  });
}

/** `A=1 B="two words" rest`: what has no name is known by its place. */
function wordsToRaws(text: string, field: string, from = 0): Raw[] {
  const words = /^[A-Za-z_]\w*=[^"'`]*$/.test(text) && !/\s\S+=/.test(text) ? [text] : split(text);
  return words.map((word, index) => {
    const [, name = `P${from + index + 1}`, value = word] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
    return { name, field, spec: textParam(value) };
  });
}

/** Backticks group too: Dagu runs what stands in them. */
const split = (text: string): string[] => (text.includes("`") ? [text] : wordsOf(text));

function richRaw(name: string, map: Readonly<Record<string, unknown>>, field: string, losses: Losses): Raw {
  const type = typeof map["type"] === "string" ? map["type"] : "string";
  const spec: Record<string, unknown> = { type };
  for (const [key, own] of Object.entries(schemaKeys)) if (map[key] !== undefined) spec[own] = map[key];
  if (map["eval"] !== undefined)
    losses.lose(`${field}.eval`, "a default is a value, not a command; compute it in a step");
  if (map["default"] !== undefined) spec["default"] = map["default"];
  if (spec["default"] !== undefined) delete spec["required"];
  return { name, field, spec: spec as JsonObject };
}
