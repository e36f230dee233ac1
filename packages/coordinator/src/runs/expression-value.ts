/**
 * What an expression is worth. Total: whatever the data, it answers, within a time that its text and its data bound.
 * What cannot be told is `null`: an output that never came, `fromJson` of text that is no JSON.
 *
 * A command's outputs are text. So beside a number, `true` or `false`, and as a condition, text that reads as one of
 * them counts as it: `steps.a.outputs.count > 3` and `steps.a.outputs.found` mean what they say.
 */

import { sortedJson } from "@haversack/base";
import type { JsonValue, StepPhase } from "@haversack/protocol";
import type { Comparison, DataPath, Expression, FunctionName, StatusFunction } from "./expression-parse.ts";

/** What an expression may look at. */
export interface TemplateData {
  readonly params: ReadonlyMap<string, JsonValue>;
  /** `<step>/<output>` to its value; an output that never came is absent. */
  readonly outputs: ReadonlyMap<string, JsonValue>;
  /** How steps ended, by id. */
  readonly statuses: ReadonlyMap<string, StepPhase>;
  /** `status`: how the steps ended, once they have. */
  readonly run: {
    readonly id: string;
    readonly dag: string;
    readonly error: string | null;
    readonly status: string | null;
  };
  /** Absent: where there are no items. */
  readonly item?: ItemData;
}

/** One of the items that a step is done for. */
export interface ItemData {
  /** From 0. */
  readonly index: number;
  readonly value: JsonValue;
}

/** What the functions of an `if` answer. */
export type StatusAnswers = Readonly<Record<StatusFunction, boolean>>;

/** Of JSON that goes in or out of text by a function; nested deeper, or longer, it is `null`. */
const jsonDepthMax = 64;
const jsonCharactersMax = 1024 * 1024;

/** @param answers absent outside of an `if`, where no expression asks */
export function valueOf(expression: Expression, data: TemplateData, answers?: StatusAnswers): JsonValue {
  const value = (part: Expression): JsonValue => valueOf(part, data, answers);
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "path":
      return valueAt(expression.path, data);
    case "not":
      return !isTrue(value(expression.of));
    case "any":
    case "all":
      return chosen(expression.kind, expression.of, value);
    case "compare":
      return compare(expression.operator, value(expression.left), value(expression.right));
    case "call":
      return call(expression.name, expression.args.map(value), answers);
  }
}

/** `false`, `null`, 0 and empty text are not, nor is text that reads as one of them. */
export function isTrue(value: JsonValue): boolean {
  const plain = scalarOf(value);
  return plain !== false && plain !== null && plain !== 0 && plain !== "";
}

function valueAt(path: DataPath, data: TemplateData): JsonValue {
  switch (path.root) {
    case "params":
      return data.params.get(path.name) ?? null;
    case "steps":
      return data.outputs.get(`${path.stepId}/${path.output}`) ?? null;
    case "status":
      return data.statuses.get(path.stepId) ?? null;
    case "run":
      return data.run[path.field];
    case "index":
      return data.item?.index ?? null;
    case "item":
      return fieldOf(data.item?.value ?? null, path.field);
    case "matrix":
      return fieldOf(data.item?.value ?? null, path.name);
  }
}

/** @param name absent: the value itself */
function fieldOf(value: JsonValue, name: string | undefined): JsonValue {
  if (name === undefined) return value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return new Map(Object.entries<JsonValue>(value)).get(name) ?? null;
}

/** The first that decides, or the last: `params.tag || 'latest'` is a tag. */
function chosen(
  kind: "any" | "all",
  parts: readonly Expression[],
  value: (part: Expression) => JsonValue,
): JsonValue {
  let last: JsonValue = null;
  for (const part of parts) {
    last = value(part);
    if (isTrue(last) === (kind === "any")) return last;
  }
  return last;
}

function compare(operator: Comparison, left: JsonValue, right: JsonValue): boolean {
  if (operator === "==") return isEqual(left, right);
  if (operator === "!=") return !isEqual(left, right);
  const order = orderOf(left, right);
  if (order === undefined) return false;
  if (operator === "<") return order < 0;
  if (operator === "<=") return order <= 0;
  return operator === ">" ? order > 0 : order >= 0;
}

function isEqual(left: JsonValue, right: JsonValue): boolean {
  const [one, other] = alike(left, right);
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object") return false;
  if (nesting(one) > jsonDepthMax || nesting(other) > jsonDepthMax) return false;
  return sortedJson(one) === sortedJson(other);
}

/** Two numbers, or two texts; others have no order. */
function orderOf(left: JsonValue, right: JsonValue): number | undefined {
  const [one, other] = alike(left, right);
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one !== "string" || typeof other !== "string") return undefined;
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function alike(left: JsonValue, right: JsonValue): [JsonValue, JsonValue] {
  const isPlain = (value: JsonValue): boolean => typeof value === "number" || typeof value === "boolean";
  if (isPlain(left)) return [left, scalarOf(right)];
  return isPlain(right) ? [scalarOf(left), right] : [left, right];
}

/** Text that is a number or a boolean in JSON as that, everything else as it is. */
export function scalarOf(value: JsonValue): JsonValue {
  if (typeof value !== "string") return value;
  if (value === "true" || value === "false") return value === "true";
  if (!/^-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?$/.test(value)) return value;
  return Number(value);
}

function call(name: FunctionName, args: readonly JsonValue[], answers: StatusAnswers | undefined): JsonValue {
  const [first = null, second = null] = args;
  switch (name) {
    case "contains":
      return contains(first, second);
    case "startsWith":
      return typeof first === "string" && typeof second === "string" && first.startsWith(second);
    case "endsWith":
      return typeof first === "string" && typeof second === "string" && first.endsWith(second);
    case "length":
      return lengthOf(first);
    case "default":
      return first ?? second;
    case "toJson":
      return toJson(first);
    case "fromJson":
      return fromJson(first);
    case "success":
    case "failure":
    case "always":
    case "cancelled":
      return answers?.[name] ?? false;
  }
}

function contains(whole: JsonValue, part: JsonValue): boolean {
  if (Array.isArray(whole)) return whole.some((item: JsonValue) => isEqual(item, part));
  if (typeof part !== "string" || whole === null) return false;
  return typeof whole === "string" ? whole.includes(part) : Object.hasOwn(Object(whole) as object, part);
}

/** Of text its UTF-16 units, of a list its items, of an object its keys; of nothing 0. */
function lengthOf(value: JsonValue): number | null {
  if (value === null) return 0;
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  return typeof value === "object" ? Object.keys(value).length : null;
}

function toJson(value: JsonValue): string | null {
  if (nesting(value) > jsonDepthMax) return null;
  const text = JSON.stringify(value);
  return text.length > jsonCharactersMax ? null : text;
}

export function fromJson(value: JsonValue): JsonValue {
  if (typeof value !== "string" || value.length > jsonCharactersMax) return null;
  try {
    const parsed = JSON.parse(value) as JsonValue;
    return nesting(parsed) > jsonDepthMax ? null : parsed;
  } catch {
    return null;
  }
}

/** How deep lists and objects are nested, counted up to just past the limit; without recursion, for depth is the danger. */
function nesting(value: JsonValue): number {
  let depth = 0;
  let level = [value];
  while (depth <= jsonDepthMax) {
    const inner: JsonValue[] = [];
    for (const each of level) {
      if (each === null || typeof each !== "object") continue;
      for (const item of Object.values<JsonValue>(each)) inner.push(item);
    }
    if (!level.some((each) => each !== null && typeof each === "object")) return depth;
    depth++;
    level = inner;
  }
  return depth;
}

/** As text: text as it is, `null` as nothing, the rest as JSON. */
export function printed(value: JsonValue): string {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
