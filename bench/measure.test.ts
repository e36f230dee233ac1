import { expect, test } from "vitest";
import { median, medianTimes } from "./measure.ts";

const never = new AbortController().signal;

test("the median is the middle, or between the two in the middle", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});

test("what is compared takes turns, and each round has a number of its own", async () => {
  const seen: string[] = [];
  const measured = (name: string) => (round: number) => void seen.push(`${name}${round}`);
  const rounds = { warmUp: 1, roundsMin: 2, untilMs: 0 };
  const times = await medianTimes({ a: measured("a"), b: measured("b") }, rounds, never);
  expect(seen).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
  expect(times).toEqual({ a: expect.any(Number), b: expect.any(Number) });
});

test("an interrupt ends it", async () => {
  const stopping = new AbortController();
  const measured = { a: () => stopping.abort(new Error("stop")), b: () => expect.unreachable() };
  const rounds = { warmUp: 0, roundsMin: 1, untilMs: 0 };
  await expect(medianTimes(measured, rounds, stopping.signal)).rejects.toThrow("stop");
});
