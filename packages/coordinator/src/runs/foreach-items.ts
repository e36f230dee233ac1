/** What a step with `foreach` or `matrix` is done for: its items, once what they are made from is known. Pure. */

import {
  type ForeachSpec,
  itemsMax,
  type JsonObject,
  type JsonValue,
  type ListSpec,
  type MatrixSpec,
} from "@haversack/protocol";
import type { DataPath } from "./expression-parse.ts";
import { fromJson, type TemplateData } from "./expression-value.ts";
import { evaluate, pathsOf } from "./expressions.ts";
import { type PlacedText, textsIn } from "./json-texts.ts";
import { combinationsCount, combinationsMax, combinationsOf, type Matrix } from "./matrix.ts";

/** Every item is a row of its own with its value in it. */
const itemsBytesMax = 1024 * 1024;

export type ItemsAnswer =
  | { readonly ok: true; readonly items: readonly JsonValue[] }
  | { readonly ok: false; readonly problem: string };

/** @param data what `foreachPaths` names; never throws: what is wrong comes back as a sentence */
export function itemsOf({ over }: ForeachSpec, data: TemplateData): ItemsAnswer {
  const made = over.kind === "list" ? listOf("foreach", over.items, data) : fromMatrix(over, data);
  if (!made.ok) return made;
  const count = made.items.length;
  const key = over.kind === "list" ? "foreach" : "matrix";
  if (count > itemsMax) {
    return wrong(`${key} gave ${count} items, at most ${itemsMax}: let an item be several of them`);
  }
  return sized(key, made.items);
}

/** What must be known before the items are. */
export const foreachPaths = (spec: ForeachSpec): DataPath[] =>
  foreachTexts(spec).flatMap(({ text }) => pathsOf(text));

/** Every text in which an expression may stand, with its place under `foreach` or `matrix`. */
export const foreachTexts = (spec: ForeachSpec): PlacedText[] => [...textsIn(partsOf(spec))];

/** What `matrix.<name>` may name. */
export function matrixNames({ over }: ForeachSpec): readonly string[] {
  if (over.kind === "list") return [];
  return [
    ...new Set([over.axes as JsonObject, ...(over.include ?? [])].flatMap((each) => Object.keys(each))),
  ];
}

function partsOf({ over }: ForeachSpec): JsonValue {
  if (over.kind === "list") return over.items;
  const { axes, include = [], exclude = [] } = over;
  return { ...axes, include, exclude };
}

function fromMatrix({ axes, include = [], exclude = [] }: MatrixSpec, data: TemplateData): ItemsAnswer {
  const lists = new Map<string, readonly JsonValue[]>();
  for (const [name, values] of Object.entries(axes)) {
    const list = listOf(`matrix.${name}`, values, data);
    if (!list.ok) return list;
    const nested = list.items.findIndex(Array.isArray);
    if (nested >= 0) return wrong(`matrix.${name} has a list in it, at place ${nested + 1}: give one value`);
    lists.set(name, list.items);
  }
  const count = combinationsCount(lists);
  if (count > combinationsMax) {
    return wrong(`matrix has ${count} combinations, at most ${combinationsMax} before exclude`);
  }
  const filled = (list: readonly JsonObject[]): JsonObject[] =>
    list.map((each) => evaluated(each, data) as JsonObject);
  const matrix: Matrix = { axes: lists, include: filled(include), exclude: filled(exclude) };
  return { ok: true, items: combinationsOf(matrix) };
}

function listOf(key: string, spec: ListSpec["items"], data: TemplateData): ItemsAnswer {
  if (typeof spec !== "string") return sized(key, spec, (item) => evaluated(item, data));
  const value = evaluate(spec, data);
  // A command's outputs are text.
  const list = typeof value === "string" ? fromJson(value) : value;
  if (Array.isArray(list)) return { ok: true, items: list };
  return wrong(`${key} gave ${nameOf(value)}; expected a list, or text that is one in JSON`);
}

/** Stops at the first that is too much. */
function sized(
  key: string,
  items: readonly JsonValue[],
  made: (item: JsonValue) => JsonValue = (item) => item,
): ItemsAnswer {
  const all: JsonValue[] = [];
  let bytes = 0;
  for (const item of items) {
    const value = made(item);
    bytes += Buffer.byteLength(JSON.stringify(value));
    if (bytes > itemsBytesMax) {
      return wrong(`${key} gave items of more than ${itemsBytesMax} bytes together: give names of them`);
    }
    all.push(value);
  }
  return { ok: true, items: all };
}

function evaluated(value: JsonValue, data: TemplateData): JsonValue {
  if (typeof value === "string") return evaluate(value, data);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each: JsonValue) => evaluated(each, data));
  const entries = Object.entries<JsonValue>(value).map(([name, each]) => [name, evaluated(each, data)]);
  return Object.fromEntries(entries) as JsonObject;
}

function nameOf(value: JsonValue): string {
  if (value === null) return "nothing: null";
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, 60))}`;
  return typeof value === "object" ? "an object" : `${typeof value} ${String(value)}`;
}

const wrong = (problem: string): ItemsAnswer => ({ ok: false, problem });
