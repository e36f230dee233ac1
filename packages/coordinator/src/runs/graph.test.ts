import type { DagSpec } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ancestorsInOrder, ancestry, findCycle, graphOf } from "./graph.ts";

/** Edges from later to earlier steps only, or anywhere. */
const graph = (acyclic: boolean) =>
  fc.integer({ min: 1, max: 12 }).chain((count) =>
    fc
      .array(fc.uniqueArray(fc.nat({ max: count - 1 }), { maxLength: 4 }), {
        minLength: count,
        maxLength: count,
      })
      .map((lists) => (acyclic ? lists.map((list, index) => list.filter((to) => to < index)) : lists)),
  );

/** Warshall's closure: slow, and hard to get wrong. */
function closure(next: readonly (readonly number[])[]): boolean[][] {
  const reach = next.map((list) => next.map((_, to) => list.includes(to)));
  for (const via of next.keys())
    for (const from of next.keys())
      for (const to of next.keys())
        if (reach[from]?.[via] === true && reach[via]?.[to] === true) (reach[from] ?? [])[to] = true;
  return reach;
}

const turned = (depends: readonly (readonly number[])[]): number[][] =>
  depends.map((_, from) => [...depends.keys()].filter((step) => depends[step]?.includes(from)));

const length = 100_000;
const chain = Array.from({ length }, (_, index) => (index === 0 ? [] : [index - 1]));

describe("ancestorsInOrder", () => {
  test("is what can be reached, and what depends on another ancestor comes after it", () => {
    fc.assert(
      fc.property(graph(true), fc.boolean(), (lists, isReversed) => {
        // The order of the file says nothing about the order of the steps.
        const last = lists.length - 1;
        const depends = isReversed ? lists.map((list) => list.map((to) => last - to)).toReversed() : lists;
        const reach = closure(depends);
        for (const step of depends.keys()) {
          const order = ancestorsInOrder(step, depends);
          const expected = [...depends.keys()].filter((other) => reach[step]?.[other] === true);
          expect(order.toSorted((a, b) => a - b)).toEqual(expected);
          for (const [at, ancestor] of order.entries())
            for (const earlier of depends[ancestor] ?? []) expect(order.indexOf(earlier)).toBeLessThan(at);
        }
      }),
    );
  });

  test("walks a chain of 100,000 steps", () => {
    expect(ancestorsInOrder(length - 1, chain)).toHaveLength(length - 1);
  });
});

describe("ancestry", () => {
  test("says yes to exactly what can be reached", () => {
    fc.assert(
      fc.property(graph(true), fc.nat({ max: 70 }), (lists, gap) => {
        // Steps that stand alone, so that the others do not all fit into one word.
        const depends = [
          ...Array.from({ length: gap }, () => []),
          ...lists.map((list) => list.map((to) => to + gap)),
        ];
        const reach = closure(depends);
        const questions = [...depends.keys()].flatMap((step) =>
          [...depends.keys()].map((other) => ({ step, other })),
        );
        const whole = { depends, dependents: turned(depends), indexOf: new Map() };
        const expected = questions.map(({ step, other }) => reach[step]?.[other] === true);
        expect(ancestry(whole, questions)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });
});

test("ancestors are looked for a block of 100,000 steps at a time", () => {
  const dependents = chain.map((_, index) => (index === length - 1 ? [] : [index + 1]));
  const whole = { depends: chain, dependents, indexOf: new Map() };
  const questions = Array.from({ length: 3_000 }, (_, index) => [
    { step: length - 1 - index, other: index * 7 },
    { step: index * 7, other: length - 1 - index },
  ]).flat();
  expect(ancestry(whole, questions)).toEqual(questions.map(({ step, other }) => other < step));
});

describe("findCycle", () => {
  test("finds one exactly when there is one, and what it finds is one", () => {
    fc.assert(
      fc.property(graph(false), (depends) => {
        const reach = closure(depends);
        const exists = [...depends.keys()].some((step) => reach[step]?.[step] === true);
        const cycle = findCycle(depends);
        expect(cycle !== undefined).toBe(exists);
        if (cycle === undefined) return;
        expect(cycle[0]).toBe(cycle.at(-1));
        expect(new Set(cycle).size).toBe(cycle.length - 1);
        for (const [at, step] of cycle.slice(0, -1).entries()) expect(depends[step]).toContain(cycle[at + 1]);
      }),
    );
  });

  test("walks a chain of 100,000 steps, and a ring of as many", () => {
    expect(findCycle(chain)).toBeUndefined();
    const ring = chain.with(0, [length - 1]);
    expect(findCycle(ring)).toHaveLength(length + 1);
  });
});

test("a graph knows both directions, by position in the file", () => {
  const spec = (id: string, depends: string[]) => ({ id, depends });
  const steps = [spec("c", ["a", "b"]), spec("a", []), spec("b", ["a"])];
  const built = graphOf({ steps } as unknown as DagSpec);
  expect(built.depends).toEqual([[1, 2], [], [1]]);
  expect(built.dependents).toEqual([[], [0, 2], [0]]);
  expect(built.indexOf.get("b")).toBe(2);
});
