import { expect, test } from "vitest";
import { type ByteRate, noRate, speedAt, withBytes } from "./byte-rate.ts";

function arrive(rate: ByteRate, from: number, to: number, bytesEach: number): ByteRate {
  let next = rate;
  for (let at = from; at <= to; at += 500) next = withBytes(next, at, bytesEach);
  return next;
}

test("the rate is that of the last five seconds", () => {
  const slow = arrive(noRate, 0, 10_000, 500);
  expect(speedAt(slow, 10_000, undefined)).toEqual({ bytesPerSecond: 1000 });
  const fast = arrive(slow, 10_500, 15_000, 5000);
  expect(speedAt(fast, 15_000, undefined)).toEqual({ bytesPerSecond: 10_000 });
});

test("an estimate comes after three seconds", () => {
  expect(speedAt(arrive(noRate, 0, 2500, 500), 2500, 10_000).etaSeconds).toBeUndefined();
  expect(speedAt(arrive(noRate, 0, 3000, 500), 3000, 10_000)).toEqual({
    bytesPerSecond: 1000,
    etaSeconds: 10,
  });
});

test("when nothing comes any more the rate falls to nothing, and the estimate is gone", () => {
  const rate = arrive(noRate, 0, 3000, 500);
  expect(speedAt(rate, 20_000, 10_000)).toEqual({ bytesPerSecond: 0 });
});

test("it is not longer than its window, however many ticks there are", () => {
  let rate = noRate;
  for (let at = 0; at < 60_000; at += 3) rate = withBytes(rate, at, 1);
  expect(rate.ticks.length).toBeLessThan(60);
});
