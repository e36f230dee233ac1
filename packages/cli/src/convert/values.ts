/** The forms in which Dagu writes one value. */

import { isMap } from "./section.ts";

export const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

/** One or a list of them. */
export const listOf = (value: unknown): readonly unknown[] => [value].flat();

export interface Pair {
  readonly name: string;
  readonly value: unknown;
  /** Below the field of the whole. */
  readonly at: string;
}

/** `{A: 1}`, `[{A: 1}, B=2]`; undefined: something else stands there. */
export function pairsOf(value: unknown): readonly Pair[] | undefined {
  if (isMap(value))
    return Object.entries(value).map(([name, each]) => ({ name, value: each, at: `.${name}` }));
  if (!Array.isArray(value)) return undefined;
  const pairs = value.map((each: unknown, index): readonly Pair[] | undefined => {
    if (typeof each === "string") {
      const at = each.indexOf("=");
      return at < 1 ? undefined : [{ name: each.slice(0, at), value: each.slice(at + 1), at: `[${index}]` }];
    }
    return isMap(each)
      ? Object.entries(each).map(([name, own]) => ({ name, value: own, at: `[${index}].${name}` }))
      : undefined;
  });
  return pairs.every((each) => each !== undefined) ? pairs.flat() : undefined;
}

/** As a shell splits a line; quotes group, a backslash takes the next character as it is. */
export function wordsOf(line: string): string[] {
  const words = line.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/g);
  return [...words].map(([word]) =>
    word.replace(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g,
      (_, double?: string, single?: string, one?: string) =>
        double?.replace(/\\(["\\$`])/g, "$1") ?? single ?? one ?? "",
    ),
  );
}

/** For a shell: one word that means itself. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** Whole seconds as a duration; undefined when it is no positive whole number. */
export function secondsOf(value: unknown): string | undefined {
  const seconds = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof seconds !== "number" || !Number.isSafeInteger(seconds) || seconds <= 0) return undefined;
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

/** NaN for what is no number. */
export const numberOf = (value: unknown): number =>
  isScalar(value) && value !== "" ? Number(value) : Number.NaN;

/** What is no text has JSON's. */
export const textOf = (value: unknown): string => (isScalar(value) ? String(value) : JSON.stringify(value));

/** Of one or a list of them. */
export const textsOf = (value: unknown): string[] => listOf(value).map(textOf);
