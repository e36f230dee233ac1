/** `parallel` of a Dagu file: the items of a step that runs a DAG for each of them. */

import type { Losses } from "./losses.ts";
import type { Meaning } from "./other-work.ts";
import { type Entry, isMap, sectionOf } from "./section.ts";
import { isScalar, numberOf, textOf, wordsOf } from "./values.ts";
import { expanded } from "./variables.ts";

/** In Dagu each item is text, or a map of texts. */
export type Item = string | Readonly<Record<string, string>>;

export interface Parallel {
  /** Known now, or one expression that gives a list. */
  readonly items: readonly Item[] | string;
  readonly maxParallel?: number;
}

/** @param defaultOf a parameter */
export function parallelOf(
  entry: Entry,
  meaning: Meaning,
  defaultOf: (param: string) => unknown,
  losses: Losses,
): Parallel {
  if (!isMap(entry.value)) return { items: itemsOf(entry, meaning, defaultOf, losses) };
  const section = sectionOf(entry.value, entry.field, losses);
  const items = section.take("items");
  const limit = section.take("max_concurrent");
  section.end({});
  if (items === undefined) losses.lose(entry.field, "expected `items`");
  const count = numberOf(limit?.value);
  if (limit !== undefined && !(Number.isInteger(count) && count >= 1 && count <= 1000))
    losses.lose(limit.field, "expected a number from 1 to 1000");
  return {
    items: items === undefined ? [] : itemsOf(items, meaning, defaultOf, losses),
    ...(limit === undefined ? {} : { maxParallel: count }),
  };
}

function itemsOf(
  { value, field }: Entry,
  meaning: Meaning,
  defaultOf: (param: string) => unknown,
  losses: Losses,
): readonly Item[] | string {
  const text = (one: unknown, at: string): string => {
    const told = expanded(String(one), meaning);
    if ("problem" in told) losses.lose(at, told.problem);
    return "text" in told ? told.text : "";
  };
  if (isScalar(value)) return fromText(text(value, field), field, defaultOf, losses);
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.map((each, index): Item => {
    const at = `${field}[${index}]`;
    if (isScalar(each)) return text(each, at);
    if (isMap(each) && Object.values(each).every(isScalar))
      return Object.fromEntries(
        Object.entries(each).map(([name, own]) => [name, text(own, `${at}.${name}`)]),
      );
    losses.lose(at, "expected text, a number, or a map of these");
    return "";
  });
}

const oneExpression = /^\$\{\{ (?:params\.(\w+)|[^}]*) \}\}$/;

function fromText(
  text: string,
  field: string,
  defaultOf: (param: string) => unknown,
  losses: Losses,
): readonly Item[] | string {
  const [whole, param] = oneExpression.exec(text) ?? [];
  if (whole !== undefined) {
    const preset = param === undefined ? undefined : defaultOf(param);
    if (typeof preset === "string" && preset !== "" && !Array.isArray(parsed(preset)))
      losses.lose(
        field,
        `the default of ${param} must be a list in JSON here, such as ["a", "b"]; Dagu also splits other text`,
      );
    return text;
  }
  if (text.includes("${{")) {
    losses.lose(field, "expected a list, or one variable that has a list in JSON");
    return [];
  }
  const value = parsed(text);
  const list: readonly unknown[] = Array.isArray(value) ? value : isMap(value) ? [value] : splitAsDagu(text);
  return list.map((each): Item => (isMap(each) ? texts(each) : textOf(each)));
}

const texts = (map: Readonly<Record<string, unknown>>): Item =>
  Object.fromEntries(Object.entries(map).map(([name, own]) => [name, textOf(own)]));

/** At white space, commas, semicolons and bars; quotes group. */
const splitAsDagu = (text: string): string[] =>
  wordsOf(text.replace(/("[^"]*")|[,;|]/g, (_, group?: string) => group ?? " "));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
