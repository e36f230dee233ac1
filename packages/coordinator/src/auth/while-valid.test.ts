import { expect, test } from "vitest";
import { FakeClock, turns } from "../../../../tests/support/fake-clock.ts";
import { unauthenticated } from "./authenticate.ts";
import { lookAtWorkersEveryMs, whileValid } from "./while-valid.ts";

/** A stream that gives what a test puts in, and never ends by itself. */
function source() {
  const waiting: PromiseWithResolvers<IteratorResult<number>>[] = [];
  const messages: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        const next = Promise.withResolvers<IteratorResult<number>>();
        waiting.push(next);
        return next.promise;
      },
    }),
  };
  return { messages, give: (value: number) => waiting.at(-1)?.resolve({ done: false, value }) };
}

test("ends soon after its credential is not valid any more, also while nothing comes", async () => {
  const clock = new FakeClock();
  const { messages, give } = source();
  let isValid = true;
  const look = async () => (isValid ? undefined : Promise.reject(unauthenticated("the token was revoked")));
  const stream = whileValid(messages, look, clock)[Symbol.asyncIterator]();
  const first = stream.next();
  await turns();
  give(1);
  expect(await first).toEqual({ done: false, value: 1 });
  const second = stream.next();
  clock.advance(2_000);
  await turns();
  isValid = false;
  clock.advance(2_000);
  await expect(second).rejects.toThrow("the token was revoked");
  expect(clock.timers).toBe(0);
});

test("asks as often as it is told", async () => {
  const clock = new FakeClock();
  let asked = 0;
  const { messages } = source();
  const stream = whileValid(messages, async () => asked++, clock, lookAtWorkersEveryMs)[
    Symbol.asyncIterator
  ]();
  void stream.next();
  clock.advance(lookAtWorkersEveryMs - 1);
  await turns();
  expect(asked).toBe(0);
  clock.advance(1);
  await turns();
  expect(asked).toBe(1);
  void stream.return?.();
});

test("goes on when the credential could not be looked at", async () => {
  const clock = new FakeClock();
  const { messages, give } = source();
  const stream = whileValid(messages, () => Promise.reject(new Error("away")), clock)[Symbol.asyncIterator]();
  const first = stream.next();
  clock.advance(2_000);
  await turns();
  expect(clock.timers).toBe(1);
  give(1);
  expect(await first).toEqual({ done: false, value: 1 });
  await stream.return?.();
  expect(clock.timers).toBe(0);
});
