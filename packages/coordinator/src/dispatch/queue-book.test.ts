import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { viewWorker } from "../testing/fleet-samples.ts";
import { type OpenQueue, QueueBook } from "./queue-book.ts";

const queue = (no: number, more: Partial<OpenQueue> = {}): OpenQueue => ({
  no,
  priority: 3,
  share: `dag-${no}`,
  selector: {},
  limits: [],
  ...more,
});
const gpu = { selector: { pool: "gpu" } };
const all = { after: 0 };
const plain = (credits: number) => viewWorker("plain", credits);
const withGpu = (credits: number) => viewWorker("gpu", credits, { labels: new Map([["pool", "gpu"]]) });

describe("a look", () => {
  test("tells of new queues, and by leaving them out of those that ran empty, in its range", () => {
    const book = new QueueBook();
    book.learn({ ...all, queues: [queue(1), queue(2), queue(3)] });
    book.learn({ after: 1, upTo: 2, queues: [] });
    expect([...book.deal([plain(9)], 2).keys()]).toEqual([1, 3]);
    book.learn({ after: 2, queues: [queue(4)] });
    expect([...book.deal([plain(9)], 2).keys()]).toEqual([1, 4]);
  });

  test("tells again how much room there is", () => {
    const book = new QueueBook();
    book.learn({ ...all, queues: [queue(1, { room: 2 })] });
    expect(book.deal([plain(9)], 9)).toEqual(new Map([[1, 2]]));
    book.charge(1, 2);
    expect(book.deal([plain(9)], 9).size).toBe(0);
    book.learn({ ...all, queues: [queue(1, { room: 1 })] });
    expect(book.deal([plain(9)], 9)).toEqual(new Map([[1, 1]]));
    book.full(1);
    expect(book.deal([plain(9)], 9).size).toBe(0);
  });
});

describe("turns are dealt", () => {
  test("to queues that a worker with a free slot may serve, and as many as it has slots", () => {
    const book = new QueueBook();
    book.learn({ ...all, queues: [queue(1, gpu), queue(2, gpu), queue(3)] });
    expect(book.deal([plain(2), withGpu(0)], 10)).toEqual(new Map([[3, 2]]));
    const dealt = book.deal([plain(2), withGpu(3)], 10);
    expect((dealt.get(1) ?? 0) + (dealt.get(2) ?? 0)).toBe(3);
  });

  test("past 20,000 queues that nobody can serve, in no time", () => {
    const book = new QueueBook();
    const many = Array.from({ length: 20_000 }, (_, index) => queue(index + 1, gpu));
    book.learn({ ...all, queues: [...many, queue(30_000)] });
    const before = performance.now();
    for (let round = 0; round < 10; round++) expect(book.deal([plain(1)], 1)).toEqual(new Map([[30_000, 1]]));
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test("not again to a queue that turned out to be empty", () => {
    const book = new QueueBook();
    book.learn({ ...all, queues: [queue(1), queue(2)] });
    book.drained(1);
    expect([...book.deal([plain(9)], 9).keys()]).toEqual([2]);
  });
});

const anyQueues = fc
  .array(
    fc.record({
      gpu: fc.boolean(),
      room: fc.option(fc.nat(3), { nil: undefined }),
      share: fc.constantFrom("a", "b"),
    }),
    { maxLength: 10 },
  )
  .map((list) =>
    list.map(({ gpu: needsGpu, room, share }, index) =>
      queue(index + 1, { share, ...(needsGpu ? gpu : {}), ...(room === undefined ? {} : { room }) }),
    ),
  );

test("no more than slots and rooms allow; nothing is left free that could be used", () => {
  fc.assert(
    fc.property(anyQueues, fc.nat(6), fc.nat(6), fc.nat(20), (queues, plainSlots, gpuSlots, count) => {
      const book = new QueueBook();
      book.learn({ ...all, queues });
      const dealt = book.deal([plain(plainSlots), withGpu(gpuSlots)], count);
      const sum = (wanted: boolean) =>
        queues
          .filter(({ selector }) => "pool" in selector === wanted)
          .reduce((total, { no }) => total + (dealt.get(no) ?? 0), 0);
      expect(sum(true)).toBeLessThanOrEqual(gpuSlots);
      // A worker with the label may serve those that do not ask for it, too.
      expect(sum(false)).toBeLessThanOrEqual(plainSlots + gpuSlots);
      for (const { no, room = 99 } of queues) expect(dealt.get(no) ?? 0).toBeLessThanOrEqual(room);
      const open = queues.filter(({ no, room = 99 }) => (dealt.get(no) ?? 0) < room);
      if (sum(true) + sum(false) < count) {
        expect(open.some(({ selector }) => "pool" in selector) && sum(true) < gpuSlots).toBe(false);
        expect(open.some(({ selector }) => !("pool" in selector)) && sum(false) < plainSlots + gpuSlots).toBe(
          false,
        );
      }
    }),
  );
});
