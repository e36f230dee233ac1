/** Connections that break: when they are tried again, when not, and what is told of it. */

import { describe, expect, test } from "vitest";
import { keepOpen } from "./keep-open.ts";

/** Waits are over at once, and written down. */
function setup() {
  const waits: number[] = [];
  const broken: string[] = [];
  const stop = new AbortController();
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    after(ms: number, call: () => void) {
      waits.push(ms);
      queueMicrotask(call);
      return { cancel: () => {} };
    },
  };
  const run = (connect: (isOpen: () => void, count: number) => Promise<void>, isHopeless = () => false) => {
    let count = 0;
    const parts = {
      clock,
      random: { fraction: () => 1 },
      onBroken: (error: unknown) => void broken.push(String(error)),
      isHopeless,
      connect: async (isOpen: () => void) => connect(isOpen, ++count),
    };
    return keepOpen(parts, stop.signal);
  };
  return { waits, broken, stop, run };
}

describe("a stream that is kept open", () => {
  test("tries again later and later, and soon again after a connection that was good", async () => {
    const { waits, broken, stop, run } = setup();
    await run(async (isOpen, count) => {
      if (count === 4) isOpen();
      if (count === 6) stop.abort();
      throw new Error(`cut ${count}`);
    });
    expect(waits).toEqual([500, 1000, 2000, 500, 1000]);
    expect(broken).toHaveLength(5);
  });

  test("is at most ten seconds away", async () => {
    const { waits, stop, run } = setup();
    await run(async (_isOpen, count) => {
      if (count === 12) stop.abort();
      throw new Error("cut");
    });
    expect(Math.max(...waits)).toBe(10_000);
  });

  test("that the server ends in good order is opened again at once, and nothing is told", async () => {
    const { waits, broken, stop, run } = setup();
    await run(async (isOpen, count) => {
      isOpen();
      if (count === 3) stop.abort();
    });
    expect([waits, broken]).toEqual([[], []]);
  });

  test("that ends again and again without a word is broken", async () => {
    const { broken, stop, run } = setup();
    await run(async (_isOpen, count) => {
      if (count === 4) stop.abort();
    });
    expect(broken[0]).toContain("closed");
  });

  test("ends where there is no use", async () => {
    const { waits, broken, run } = setup();
    await run(
      async () => {
        throw new Error("denied");
      },
      () => true,
    );
    expect([waits, broken]).toEqual([[], ["Error: denied"]]);
  });
});
