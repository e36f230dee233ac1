import { join, sep } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pathProblem, safeJoin } from "./safe-path.ts";

describe("paths from outside", () => {
  test.each([
    "a",
    "a/b/c.txt",
    "reports/2024/übersicht.md",
    ".config/settings.json",
    "out/*.txt",
    "**/*.{js,ts}",
    "a..b",
    "...a",
    "-rf",
    "a b",
    "%x",
    "日本/語.txt",
    "communication/lpt.txt",
  ])("%j is a good one", (path) => {
    expect(pathProblem(path)).toBeUndefined();
    expect(safeJoin("/folder", path)).toBe(join("/folder", path));
  });

  test.each([
    ["", "is empty"],
    [".", 'has the segment "."'],
    ["..", 'has the segment ".."'],
    ["../x", 'has the segment ".."'],
    ["a/../../x", 'has the segment ".."'],
    ["a/./b", 'has the segment "."'],
    ["/etc/passwd", "is absolute"],
    ["//server/share", "is absolute"],
    ["a//b", "has an empty segment"],
    ["a/", "has an empty segment"],
    ["..\\x", "contains a backslash"],
    ["C:\\x", "contains a backslash"],
    ["C:x", "starts with a drive letter"],
    ["~/x", "starts with ~"],
    ["~root", "starts with ~"],
    ["a\0b", "contains a control"],
    ["a\nb", "contains a control"],
    ["a\u009bb", "contains a control"],
    ["a\u202eb", "contains a control or bidirectional"],
    ["\u2066a", "contains a control or bidirectional"],
    ["a.", "ends in a dot or a space"],
    ["a /b", "ends in a dot or a space"],
    ["nul", "Windows device name"],
    ["x/CON.txt", "Windows device name"],
    ["lpt1", "Windows device name"],
    ["e\u0301", "normal form C"],
    ["\ud800", "well-formed"],
    ["x".repeat(241), "longer than 240 bytes"],
    ["ü".repeat(121), "longer than 240 bytes"],
    [Array.from({ length: 17 }, () => "a").join("/"), "deeper than 16 segments"],
    ["%2e%2e/x", "percent escape"],
    ["a%2fb", "percent escape"],
    ["a%252fb", "percent escape"],
    [".git/config", "folder of git"],
    ["a/.GIT/hooks/pre-commit", "folder of git"],
    ["\uff0e\uff0e/x", "looks like"],
    ["a\uff0fb", "looks like"],
    ["a\uff3cb", "looks like"],
    ["\u2024\u2024/x", "looks like"],
  ])("%j is refused (PA-1, PA-2)", (path, problem) => {
    expect(pathProblem(path)).toContain(problem);
    expect(() => safeJoin("/folder", path)).toThrow(
      expect.objectContaining({ fault: "invalid", code: "bad_path" }),
    );
  });

  test("whatever the text, what is accepted stays below the folder", () => {
    const piece = fc.constantFrom("..", ".", "/", "\\", "a", "~", "%2e", "C:", "\uff0e", "\0", " ");
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(piece).map((pieces) => pieces.join("")),
    );
    fc.assert(
      fc.property(text, (path) => {
        if (pathProblem(path) !== undefined) return;
        expect(safeJoin("/folder", path).startsWith(`${sep}folder${sep}`)).toBe(true);
      }),
    );
  });
});
