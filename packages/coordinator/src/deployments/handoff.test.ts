import { expect, test } from "vitest";
import { Handoff } from "./handoff.ts";

test("who writes waits until a piece was taken; the end comes after the last piece", async () => {
  const handoff = new Handoff<number>();
  const done: number[] = [];
  const writing = (async () => {
    for (const piece of [1, 2, 3]) {
      await handoff.push(piece);
      done.push(piece);
    }
    handoff.end();
  })();
  const pieces = handoff.pieces()[Symbol.asyncIterator]();
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual([]);
  expect((await pieces.next()).value).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual([1]);
  expect((await pieces.next()).value).toBe(2);
  expect((await pieces.next()).value).toBe(3);
  expect((await pieces.next()).done).toBe(true);
  await writing;
});

test("a reader who is gone frees who writes; a fault reaches the reader, and the first end counts", async () => {
  const left = new Handoff<number>();
  const waiting = left.push(1);
  left.end();
  await waiting;
  await left.push(2);
  expect(left.isEnded).toBe(true);
  const broken = new Handoff<number>();
  const reading = Array.fromAsync(broken.pieces());
  broken.end(new Error("broke"));
  broken.end();
  await expect(reading).rejects.toThrow("broke");
});
