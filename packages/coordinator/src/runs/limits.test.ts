import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admitted, hasRoom, type LimitUse, limitUses, roomFor, useText } from "./limits.ts";

const key = (name: string, limit = 1): LimitUse => ({ kind: "key", name, units: 1, limit });
const pool = (name: string, units = 1): LimitUse => ({ kind: "pool", name, units });

describe("what a step takes", () => {
  test("keys are filled in; the order of the file does not matter", () => {
    const fill = (text: string) => text.replace("$", "x");
    const listed = [
      { pool: "b", units: 2 },
      { key: "k-$", limit: 3 },
      { pool: "a", units: 1 },
    ];
    const uses = limitUses(listed, fill);
    expect(uses).toEqual([key("k-x", 3), pool("a"), pool("b", 2)]);
    expect(limitUses(listed.toReversed(), fill)).toEqual(uses);
    expect(uses.map(useText)).toEqual(["key k-x: 3 at a time", "pool a: 1 unit", "pool b: 2 units"]);
  });

  test("two keys that turn out to be one are one, with the smaller limit", () => {
    for (const [first, second] of [
      [5, 2],
      [2, 5],
    ] as const) {
      const listed = [
        { key: "a", limit: first },
        { key: "b", limit: second },
      ];
      expect(limitUses(listed, () => "same")).toEqual([key("same", 2)]);
    }
  });
});

describe("room", () => {
  test("is what the limit leaves, in steps of that size", () => {
    expect(roomFor(pool("p", 2), { inUse: 1, limit: 6 })).toBe(2);
    expect(roomFor(key("k", 3), { inUse: 1 })).toBe(2);
    expect(roomFor(key("k", 1), { inUse: 4 })).toBe(0);
  });

  test("a pool that is not there has none", () => {
    expect([hasRoom(pool("p"), { inUse: 0 }), roomFor(pool("p"), { inUse: 0 })]).toEqual([false, 0]);
  });

  test("of one kind and the other agree", () => {
    fc.assert(
      fc.property(fc.nat(9), fc.nat(9), fc.integer({ min: 1, max: 4 }), (inUse, limit, units) => {
        const use = pool("p", units);
        expect(hasRoom(use, { inUse, limit })).toBe(roomFor(use, { inUse, limit }) > 0);
      }),
    );
  });
});

const anyUses = fc.uniqueArray(
  fc.oneof(
    fc
      .record({ name: fc.constantFrom("k", "l"), limit: fc.integer({ min: 1, max: 4 }) })
      .map(({ name, limit }) => key(name, limit)),
    fc
      .record({ name: fc.constantFrom("p", "q"), units: fc.integer({ min: 1, max: 3 }) })
      .map(({ name, units }) => pool(name, units)),
  ),
  { selector: ({ kind, name }) => `${kind} ${name}`, maxLength: 4 },
);

test("those that start together never take more than there is, and nobody is left out for nothing", () => {
  const pools: Readonly<Record<string, number>> = { p: 4, q: 2 };
  fc.assert(
    fc.property(
      fc.array(anyUses, { maxLength: 20 }),
      fc.dictionary(fc.constantFrom("key k", "key l", "pool p", "pool q"), fc.nat(4)),
      (steps, before) => {
        const stateOf = ({ kind, name }: LimitUse) => {
          const limit = kind === "pool" ? pools[name] : undefined;
          return { inUse: before[`${kind} ${name}`] ?? 0, ...(limit === undefined ? {} : { limit }) };
        };
        const { free, full } = admitted(steps, (uses) => uses, stateOf);
        expect(free.length + full.length).toBe(steps.length);
        const inUse = new Map(Object.entries(before));
        for (const uses of free) {
          for (const use of uses) {
            const id = `${use.kind} ${use.name}`;
            inUse.set(id, (inUse.get(id) ?? 0) + use.units);
            expect(inUse.get(id)).toBeLessThanOrEqual(use.limit ?? pools[use.name] ?? 0);
          }
        }
        // What was left out has no room beside those that go, for they only become more.
        for (const uses of full) {
          expect(
            uses.some(
              (use) => !hasRoom(use, { ...stateOf(use), inUse: inUse.get(`${use.kind} ${use.name}`) ?? 0 }),
            ),
          ).toBe(true);
        }
      },
    ),
  );
});
