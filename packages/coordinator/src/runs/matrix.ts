/** The combinations of a matrix, in the order of its axes: the last one changes fastest. Pure. */

import { present, sortedJson } from "@haversack/base";
import type { JsonObject, JsonValue } from "@haversack/protocol";
import { scalarOf } from "./expression-value.ts";

export interface Matrix {
  /** By name, each with its values. */
  readonly axes: ReadonlyMap<string, readonly JsonValue[]>;
  readonly exclude: readonly JsonObject[];
  readonly include: readonly JsonObject[];
}

/** Before any is excluded. */
export const combinationsMax = 10_000;

/** How many combinations there are before any is excluded or included. */
export function combinationsCount(axes: Matrix["axes"]): number {
  return axes.size === 0 ? 0 : [...axes.values()].reduce((product, values) => product * values.length, 1);
}

/** @param matrix of at most `combinationsMax` combinations */
export function combinationsOf({ axes, exclude, include }: Matrix): JsonObject[] {
  const compare = comparer();
  const names = [...axes.keys()];
  const marks = new Map([...axes].map(([name, values]) => [name, values.map(compare.mark)]));
  /** Whether a combination agrees with another one in all that this names. */
  const agreesWith = (other: JsonObject, asked: readonly string[]) => {
    const wanted = asked.map((name) => [names.indexOf(name), compare.mark(other[name] ?? null)] as const);
    return (places: readonly number[]): boolean =>
      wanted.every(([axis, mark]) => {
        const own = marks.get(names[axis] ?? "")?.[places[axis] ?? 0];
        return own !== undefined && isAlike(own, mark);
      });
  };
  const excluded = exclude.map((left) => agreesWith(left, Object.keys(left)));
  const kept = product([...axes.values()].map(({ length }) => length)).filter(
    (places) => !excluded.some((agrees) => agrees(places)),
  );
  const made = kept.map((places): Record<string, JsonValue> => {
    const entries = names.map((name, axis) => [
      name,
      present(axes.get(name)?.[places[axis] ?? 0], "a value"),
    ]);
    return Object.fromEntries(entries) as Record<string, JsonValue>;
  });
  const extra: JsonObject[] = [];
  for (const more of include) {
    // Compared with what the axes say, not with what an earlier one added.
    const agrees = agreesWith(
      more,
      Object.keys(more).filter((name) => axes.has(name)),
    );
    const fitting = kept.flatMap((places, at) => (agrees(places) ? [at] : []));
    for (const at of fitting) made[at] = { ...made[at], ...more };
    if (fitting.length === 0) extra.push(more);
  }
  return [...made, ...extra];
}

/** The places of the values, on each axis. */
function product(lengths: readonly number[]): number[][] {
  if (lengths.length === 0) return [];
  let all: number[][] = [[]];
  for (const length of lengths) {
    all = all.flatMap((places) => Array.from({ length }, (_, place) => [...places, place]));
  }
  return all;
}

/** What is compared of a value, so that a large one is looked at once. */
interface Mark {
  readonly exact: number;
  /** As the number or boolean that it reads as. */
  readonly plain: number;
  readonly isPlain: boolean;
}

function comparer() {
  const numbers = new Map<string, number>();
  const numberOf = (value: JsonValue): number => {
    const text = sortedJson(value);
    const known = numbers.get(text) ?? numbers.size;
    numbers.set(text, known);
    return known;
  };
  const mark = (value: JsonValue): Mark => ({
    exact: numberOf(value),
    plain: numberOf(scalarOf(value)),
    isPlain: typeof value === "number" || typeof value === "boolean",
  });
  return { mark };
}

/** As `==` of an expression has it. */
const isAlike = (one: Mark, other: Mark): boolean =>
  one.exact === other.exact || ((one.isPlain || other.isPlain) && one.plain === other.plain);
