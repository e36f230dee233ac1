import type { MemoryEntry } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { changeKind, changesBetween } from "./changes.ts";

const entry = (id: string, text: string, source = "run/step"): MemoryEntry => ({ id, text, source });

describe("between two states of a scope", () => {
  test("entries went, changed and came", () => {
    const from = [entry("a", "stays"), entry("b", "goes"), entry("c", "old")];
    const to = [entry("a", "stays"), entry("c", "new"), entry("d", "comes")];
    const changes = changesBetween(from, to);
    expect(changes).toEqual([
      { entry: "b", before: "goes" },
      { entry: "c", before: "old", after: "new" },
      { entry: "d", after: "comes" },
    ]);
    expect(changes.map(changeKind)).toEqual(["removed", "changed", "added"]);
  });

  test("the way back is the opposite", () => {
    const from = [entry("a", "one"), entry("b", "two")];
    const to = [entry("b", "three"), entry("c", "four")];
    expect(changesBetween(to, from)).toEqual([
      { entry: "b", before: "three", after: "two" },
      { entry: "c", before: "four" },
      { entry: "a", after: "one" },
    ]);
  });

  test("nothing differs when only the writer does, or the order", () => {
    const from = [entry("a", "one"), entry("b", "two")];
    expect(changesBetween(from, [entry("b", "two", "other/step"), entry("a", "one")])).toEqual([]);
    expect(changesBetween([], [])).toEqual([]);
  });

  test("ids that objects have by birth are ids like others", () => {
    const from = [entry("__proto__", "x")];
    expect(changesBetween(from, [entry("constructor", "y")])).toEqual([
      { entry: "__proto__", before: "x" },
      { entry: "constructor", after: "y" },
    ]);
  });
});
