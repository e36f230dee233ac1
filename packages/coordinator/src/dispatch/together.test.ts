import { expect, test } from "vitest";
import { FakeClock, turns } from "../../../../tests/support/fake-clock.ts";
import { Together, togetherForMs } from "./together.ts";

test("all who ask before the turn get it together, counted from the first; who asks later, the next", async () => {
  const clock = new FakeClock();
  const together = new Together();
  const had: string[] = [];
  const ask = (name: string) => void together.turn(clock, 250).then(() => had.push(name));
  ask("a");
  clock.advance(200);
  ask("b");
  await turns();
  expect(had).toEqual([]);
  clock.advance(50);
  ask("c");
  await turns();
  expect(had).toEqual(["a", "b"]);
  clock.advance(250);
  await turns();
  expect(had).toEqual(["a", "b", "c"]);
  expect(clock.timers).toBe(0);
});

test("few workers do not wait, and nobody waits long beside its lease", () => {
  expect(togetherForMs(31, 5000)).toBe(0);
  expect(togetherForMs(32, 5000)).toBe(250);
  expect(togetherForMs(5000, 25_000)).toBe(250);
  expect(togetherForMs(1000, 166)).toBe(8);
});
