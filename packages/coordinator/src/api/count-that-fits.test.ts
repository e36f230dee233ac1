import { expect, test } from "vitest";
import { countThatFits, outputBytes } from "./count-that-fits.ts";

const steps = (...sizes: number[]) => sizes.map((size) => ({ outputs: { a: "x".repeat(size - 8) } }));

test.each([
  [[], 10, 0],
  [[10, 10, 10], 30, 3],
  [[10, 10, 10], 29, 2],
  [[10, 10], 9, 1],
  [[50], 10, 1],
])("items with outputs of %j bytes, in %i: %i", (sizes, bytes, count) => {
  expect(countThatFits(steps(...sizes).map(outputBytes), bytes)).toBe(count);
});
