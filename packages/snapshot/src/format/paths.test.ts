import { describe, expect, test } from "vitest";
import { comparePaths, isId, pathProblems } from "./paths.ts";

describe("paths of a pack", () => {
  test.each(["a", "scripts/run.sh", "a b/ç.md", "...a/b", ".hidden"])("accepts %j", (path) =>
    expect(pathProblems([path]).size).toBe(0),
  );

  test.each([
    "",
    "/a",
    "~/a",
    "a//b",
    "a/./b",
    "../a",
    "a/..",
    "c:/a",
    "C:a",
    "a\\b",
    "a\u0000b",
    "a\u001bb",
    "a\u202eb",
    "a\u2066b",
    "a.",
    "a /b",
    "con",
    "a/NUL.txt",
    "lpt1",
    "e\u0301",
    `${"a/".repeat(16)}b`,
    "a".repeat(241),
    "\ud800",
  ])("refuses %j", (path) => expect([...pathProblems([path]).keys()]).toEqual([path]));

  test.each([[["a/B", "A/b"]], [["straße", "STRASSE"]], [["a", "a/b"]], [["A", "a/b"]], [["x/ς", "x/Σ"]]])(
    "refuses %j together",
    (paths) => {
      expect(pathProblems(paths).size).toBe(1);
      expect(pathProblems(paths.toReversed())).toEqual(pathProblems(paths));
    },
  );

  test("orders by UTF-8 bytes, not by UTF-16 code units", () => {
    expect(["\u{1f600}", "\ufb33", "a"].toSorted(comparePaths)).toEqual(["a", "\ufb33", "\u{1f600}"]);
  });

  test("ids", () => {
    for (const id of ["a", "a-b", "1", "a".repeat(64)]) expect(isId(id)).toBe(true);
    for (const id of ["", "-a", "a-", "a--b", "A", "a_b", "ä", "a\n", "a".repeat(65)])
      expect(isId(id)).toBe(false);
  });
});

test("a hostile path costs no more than its length", () => {
  const from = performance.now();
  expect(pathProblems(["a/".repeat(2_000_000)]).size).toBe(1);
  expect(performance.now() - from).toBeLessThan(2000);
});
