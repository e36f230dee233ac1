import { type Priority, priorities } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TurnQueue, Turns } from "./turns.ts";

interface Waiting extends TurnQueue {
  steps: number;
}

const waiting = (id: number, share: string, steps: number, priority: Priority = 3): Waiting => ({
  id,
  share,
  priority,
  steps,
});

/** As many of each queue as it has room for. */
const taking = (rooms: Iterable<readonly [number, number]>) => {
  const left = new Map(rooms);
  return (id: number): boolean => {
    const room = left.get(id) ?? 0;
    left.set(id, room - 1);
    return room > 0;
  };
};

/** Serves so many steps, some at a time, as a dispatcher does. @returns the ids in the order of service */
function serve(turns: Turns, queues: readonly Waiting[], count: number, atOnce = 1): number[] {
  const served: number[] = [];
  for (const queue of queues) if (queue.steps > 0) turns.add(queue);
  while (served.length < count) {
    const rooms = new Map(queues.map(({ id, steps }) => [id, steps]));
    const dealt = turns.deal(taking(rooms), Math.min(atOnce, count - served.length));
    if (dealt.size === 0) return served;
    for (const [id, steps] of dealt) {
      const queue = queues.find((each) => each.id === id);
      if (queue === undefined) throw new Error("a queue that nobody knows");
      turns.charge(id, steps);
      queue.steps -= steps;
      served.push(...Array.from({ length: steps }, () => id));
      if (queue.steps === 0) turns.remove(queue.id);
    }
  }
  return served;
}

describe("shares", () => {
  test("a DAG with 100,000 steps does not hold up one with three", () => {
    const turns = new Turns();
    const big = waiting(1, "big", 100_000);
    serve(turns, [big], 500);
    expect(serve(turns, [big, waiting(2, "small", 3)], 6)).toEqual([1, 2, 1, 2, 1, 2]);
  });

  test("what could not be served for long does not make up for it", () => {
    const turns = new Turns();
    const [a, b] = [waiting(1, "a", 1000), waiting(2, "b", 1000)];
    for (const queue of [a, b]) turns.add(queue);
    turns.charge(1, 100);
    expect(serve(turns, [a, b], 4)).toEqual([2, 1, 2, 1]);
  });

  test("a share that is only now and then served keeps its place beside one that always is", () => {
    const turns = new Turns();
    const [always, seldom] = [waiting(1, "always", 99), waiting(2, "seldom", 99)];
    for (const queue of [always, seldom]) turns.add(queue);
    for (let round = 0; round < 5; round++) turns.charge(1, 1);
    const next = (...ids: number[]) => [...turns.deal((id) => ids.includes(id), 1).keys()];
    expect(next(1)).toEqual([1]);
    expect(next(1, 2)).toEqual([2]);
  });

  test("queues of one share share its turns", () => {
    const queues = [waiting(1, "a", 100), waiting(2, "a", 100), waiting(3, "b", 100)];
    const served = serve(new Turns(), queues, 40);
    expect([1, 2, 3].map((id) => served.filter((each) => each === id).length)).toEqual([10, 10, 20]);
  });
});

describe("priorities", () => {
  test("each level gets four turns for one of the next below", () => {
    const served = serve(
      new Turns(),
      priorities.map((priority) => waiting(priority, "a", 10_000, priority)),
      3410,
    );
    const counts = priorities.map((priority) => served.filter((id) => id === priority).length);
    expect(counts).toEqual([10, 40, 160, 640, 2560]);
  });

  test("all go to what is there", () => {
    expect(serve(new Turns(), [waiting(1, "a", 5, 1)], 9)).toEqual([1, 1, 1, 1, 1]);
  });

  test("a level that was away for long gets its part from then on, and no more", () => {
    const turns = new Turns();
    const [low, high] = [waiting(1, "a", 100_000, 3), waiting(2, "a", 10_000, 4)];
    serve(turns, [low], 50_000, 100);
    const served = serve(turns, [low, high], 50);
    expect([40, 41]).toContain(served.filter((id) => id === 2).length);
  });
});

const anyQueues = fc
  .array(
    fc.record({
      share: fc.constantFrom("a", "b", "c", "d"),
      priority: fc.constantFrom(...priorities),
      steps: fc.integer({ min: 1, max: 60 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((all) => all.map((each, id) => waiting(id, each.share, each.steps, each.priority)));

test("as many turns are dealt as there can be, and no queue gets more than its room", () => {
  fc.assert(
    fc.property(anyQueues, fc.integer({ min: 0, max: 300 }), (queues, count) => {
      const turns = new Turns();
      for (const queue of queues) turns.add(queue);
      const rooms = new Map(queues.map(({ id, steps }) => [id, steps]));
      const dealt = [...turns.deal(taking(rooms), count)];
      const all = queues.reduce((sum, { steps }) => sum + steps, 0);
      expect(dealt.reduce((sum, [, steps]) => sum + steps, 0)).toBe(Math.min(count, all));
      for (const [id, steps] of dealt) expect(steps).toBeLessThanOrEqual(rooms.get(id) ?? 0);
    }),
  );
});

test("nobody starves: while a queue waits, each of the others in its level passes it at most once in a round", () => {
  fc.assert(
    fc.property(anyQueues, fc.integer({ min: 1, max: 7 }), (queues, atOnce) => {
      const counts = new Map(queues.map(({ id, steps }) => [id, steps]));
      const served = serve(new Turns(), queues, Number.POSITIVE_INFINITY, atOnce);
      for (const queue of queues) {
        const own = served.flatMap((id, at) => (id === queue.id ? [at] : []));
        expect(own).toHaveLength(counts.get(queue.id) ?? 0);
        // Queues in its share times shares in its level, and 341 turns of all levels for one of the lowest.
        const siblings = queues.filter(
          ({ share, priority }) => share === queue.share && priority === queue.priority,
        ).length;
        const shares = new Set(
          queues.filter(({ priority }) => priority === queue.priority).map(({ share }) => share),
        ).size;
        const levels = priorities.reduce((sum, each) => sum + 4 ** each, 0) / 4 ** queue.priority;
        const bound = (siblings * shares + 1) * (levels + 1) + atOnce;
        let before = -1;
        for (const at of own) {
          expect(at - before).toBeLessThanOrEqual(bound);
          before = at;
        }
      }
    }),
  );
});

test("fairness: shares that wait throughout are never more than one turn apart, however many turns are dealt at once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 60 }),
      fc.integer({ min: 2, max: 5 }),
      (deals, shares) => {
        const turns = new Turns();
        const ids = Array.from({ length: shares }, (_, id) => id);
        for (const id of ids) turns.add({ id, share: `s${id}`, priority: 3 });
        const got = ids.map(() => 0);
        for (const count of deals) {
          for (const [id, steps] of turns.deal(taking(ids.map((each) => [each, 100])), count)) {
            turns.charge(id, steps);
            got[id] = (got[id] ?? 0) + steps;
          }
          expect(Math.max(...got) - Math.min(...got)).toBeLessThanOrEqual(1);
        }
      },
    ),
  );
});
