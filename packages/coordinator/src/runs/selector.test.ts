import type { LabelTest } from "@haversack/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { filledSelector, matches, testText, textsOfTest, unmetLabels } from "./selector.ts";

const labels = (text: string) => new Map(text.split(" ").map((pair) => pair.split("=") as [string, string]));

test.each<[string, LabelTest, boolean]>([
  ["its value", "gpu", true],
  ["another value", "cpu", false],
  ["one of a list", { in: ["cpu", "gpu"] }, true],
  ["none of a list", { in: ["cpu"] }, false],
  ["one that is excluded", { not: ["gpu"] }, false],
  ["none that is excluded", { not: ["cpu"] }, true],
  ["that it is there", { exists: true }, true],
  ["that it is absent", { exists: false }, false],
])("pool=gpu, asked for %s", (_, test, expected) => {
  expect(matches({ pool: test }, labels("os=linux pool=gpu"))).toBe(expected);
});

test("an absent label has no value: it is in no list, and excluded by none", () => {
  const has = (test: LabelTest) => matches({ pool: test }, labels("os=linux"));
  expect([has("gpu"), has({ in: ["gpu"] }), has({ not: ["gpu"] })]).toEqual([false, false, true]);
  expect([has({ exists: true }), has({ exists: false })]).toEqual([false, true]);
});

const text = fc.constantFrom("a", "b", "c");
const anyTest = fc.oneof(
  text,
  fc.record({ in: fc.array(text, { minLength: 1 }) }),
  fc.record({ not: fc.array(text, { minLength: 1 }) }),
  fc.record({ exists: fc.boolean() }),
);
const anySelector = fc.dictionary(fc.constantFrom("x", "y", "z"), anyTest);
const anyLabels = fc
  .dictionary(fc.constantFrom("x", "y", "z"), text)
  .map((object) => new Map(Object.entries(object)));

test("a worker matches when no label is unmet, and each test speaks of its own label alone", () => {
  fc.assert(
    fc.property(anySelector, anyLabels, (selector, worker) => {
      const unmet = unmetLabels(selector, worker);
      expect(matches(selector, worker)).toBe(unmet.length === 0);
      for (const [label, one] of Object.entries(selector)) {
        expect(matches({ [label]: one }, worker)).toBe(!unmet.includes(label));
      }
    }),
  );
});

test("a list and its exclusion never both pass, and one of them does when the label is there", () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), anyLabels, (list, worker) => {
      const [inside, outside] = [matches({ x: { in: list } }, worker), matches({ x: { not: list } }, worker)];
      expect(inside).toBe(!outside);
      if (list.length === 1) expect(matches({ x: list[0] ?? "" }, worker)).toBe(inside);
    }),
  );
});

test("every text is filled in, and told to people", () => {
  const selector = {
    a: "1",
    b: { in: ["2", "3"] },
    c: { not: ["4"] },
    d: { exists: true },
    e: { exists: false },
  };
  expect(Object.values(selector).flatMap(textsOfTest)).toEqual(["1", "2", "3", "4"]);
  const filled = filledSelector(selector, (each) => `<${each}>`);
  expect(Object.entries(filled).map(([label, one]) => testText(label, one))).toEqual([
    "a=<1>",
    "b in (<2>, <3>)",
    "c not in (<4>)",
    "label d",
    "no label e",
  ]);
});
