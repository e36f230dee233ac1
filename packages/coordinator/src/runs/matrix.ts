/** The combinations of a matrix, in the order of its axes: the last one changes fastest. Pure. */

import type { JsonObject, JsonValue } from "@haversack/protocol";
import { isEqual } from "./expression-value.ts";

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
  const all = product(axes);
  const kept = all.filter((one) => !exclude.some((left) => agrees(one, left, Object.keys(left))));
  const made = kept.map((one): Record<string, JsonValue> => ({ ...one }));
  const extra: JsonObject[] = [];
  for (const more of include) {
    const asked = Object.keys(more).filter((name) => axes.has(name));
    // Compared with what the axes say, not with what an earlier one added.
    const fitting = [...kept.keys()].filter((at) => agrees(kept[at] ?? {}, more, asked));
    for (const at of fitting) made[at] = { ...made[at], ...more };
    if (fitting.length === 0) extra.push(more);
  }
  return [...made, ...extra];
}

function product(axes: Matrix["axes"]): JsonObject[] {
  if (axes.size === 0) return [];
  let combinations: JsonObject[] = [{}];
  for (const [name, values] of axes) {
    combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [name]: value })));
  }
  return combinations;
}

function agrees(one: JsonObject, other: JsonObject, names: readonly string[]): boolean {
  return names.every((name) => {
    const [mine, theirs] = [one, other].map((each) => new Map(Object.entries(each)).get(name));
    return mine !== undefined && theirs !== undefined && isEqual(mine, theirs);
  });
}
