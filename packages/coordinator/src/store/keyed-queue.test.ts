import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Keyed, KeyedQueue } from "./keyed-queue.ts";

interface Entry extends Keyed {
  readonly id: number;
}

function queueOf(...entries: readonly (readonly [keys: string, alone?: boolean])[]) {
  const queue = new KeyedQueue<Entry>();
  for (const [id, [keys, alone = false]] of entries.entries())
    queue.push({ id, keys: keys.split(""), alone });
  return queue;
}
const ids = (batch: readonly Entry[]): number[] => batch.map(({ id }) => id);

describe("calls that wait", () => {
  test("go together, also those with a common key, for one transaction does them in turn", () => {
    expect(ids(queueOf(["a"], ["a"], ["b"]).take(10))).toEqual([0, 1, 2]);
  });

  test("do not go to a second connection while a key of theirs is taken, and then in their order", () => {
    const queue = queueOf(["a"], ["ab"], ["b"], ["c"]);
    const first = queue.take(1);
    expect(ids(first)).toEqual([0]);
    // 2 shares b with 1, which waits for a: it must not overtake.
    const second = queue.take(10);
    expect(ids(second)).toEqual([3]);
    queue.done(first);
    expect(ids(queue.take(10))).toEqual([1, 2]);
  });

  test("go alone when they ask for it", () => {
    const queue = queueOf(["a"], ["b", true], ["c"], ["b"]);
    const first = queue.take(10);
    expect(ids(first)).toEqual([0, 2]);
    const second = queue.take(10);
    expect(ids(second)).toEqual([1]);
    expect(ids(queue.take(10))).toEqual([]);
    queue.done(second);
    expect(ids(queue.take(10))).toEqual([3]);
  });

  test("are each taken once, never two with a common key at a time, never out of order for a key", () => {
    const entry = fc.tuple(fc.stringMatching(/^[a-d]{0,3}$/), fc.boolean());
    const moves = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 4 }), fc.nat(5)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), moves, (entries, moves) => {
        const queue = queueOf(...entries);
        const out: Entry[][] = [];
        const taken: Entry[] = [];
        const take = (max: number): void => {
          const batch = queue.take(max);
          const busy = new Set(out.flat().flatMap(({ keys }) => keys));
          expect(batch.flatMap(({ keys }) => keys).filter((key) => busy.has(key))).toEqual([]);
          expect(batch.length === 1 || batch.every(({ alone }) => !alone)).toBe(true);
          taken.push(...batch);
          if (batch.length > 0) out.push(batch);
        };
        for (const [isTake, max, which] of moves) {
          if (isTake) take(max);
          else for (const batch of out.splice(which, 1)) queue.done(batch);
        }
        while (queue.size > 0) {
          for (const batch of out.splice(0)) queue.done(batch);
          take(3);
        }
        expect(ids(taken).toSorted((a, b) => a - b)).toEqual(entries.map((_, index) => index));
        for (const key of "abcd") {
          const own = ids(taken.filter(({ keys }) => keys.includes(key)));
          expect(own).toEqual(own.toSorted((a, b) => a - b));
        }
      }),
    );
  });
});
