import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unifiedLines } from "./lines.ts";

describe("a unified diff", () => {
  test("shows the change with three lines around it", () => {
    const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    expect(unifiedLines(before, before.replace("5\n", "five\n"))).toEqual([
      "@@ -2,7 +2,7 @@",
      " 2",
      " 3",
      " 4",
      "-5",
      "+five",
      " 6",
      " 7",
      " 8",
    ]);
  });

  test("joins hunks that are near each other, and parts those that are not", () => {
    const lines = Array.from({ length: 40 }, (_, index) => `${index}\n`);
    const changed = (...at: number[]) => lines.map((line, index) => (at.includes(index) ? "x\n" : line));
    const heads = (...at: number[]) =>
      unifiedLines(lines.join(""), changed(...at).join("")).filter((line) => line.startsWith("@@"));
    expect(heads(5, 10)).toEqual(["@@ -3,12 +3,12 @@"]);
    expect(heads(5, 30)).toEqual(["@@ -3,7 +3,7 @@", "@@ -28,7 +28,7 @@"]);
  });

  test.each([
    ["equal texts", "a\n", "a\n", []],
    ["no text", "", "", []],
    ["a text that is new", "", "a\nb\n", ["@@ -0,0 +1,2 @@", "+a", "+b"]],
    ["a text that is gone", "a\n", "", ["@@ -1,1 +0,0 @@", "-a"]],
    ["a line break at the end", "a", "a\n", ["@@ -1,1 +1,1 @@", "-a", "\\ No newline at end of file", "+a"]],
  ])("of %s", (_, before, after, expected) => expect(unifiedLines(before, after)).toEqual(expected));

  test("holds all that is needed to make the second text from the first", () => {
    const text = fc.array(fc.constantFrom("a\n", "b\n", "c\n", "\n"), { maxLength: 30 });
    fc.assert(
      fc.property(text, text, fc.constantFrom("", "end"), (before, after, end) => {
        const [from, to] = [before.join(""), after.join("") + end];
        expect(patched(from, unifiedLines(from, to))).toBe(to);
      }),
    );
  });

  test("of texts without end costs little", () => {
    const many = (word: string) => `${word}\n`.repeat(100_000);
    const from = performance.now();
    expect(unifiedLines(many("a"), many("b"))).toHaveLength(200_001);
    expect(performance.now() - from).toBeLessThan(2000);
  });
});

/** What `patch` does. */
function patched(before: string, diff: readonly string[]): string {
  const source = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  let out = "";
  let at = 0;
  for (const [index, line] of diff.entries()) {
    const head = /^@@ -(\d+),(\d+) /.exec(line);
    const ended = diff[index + 1]?.startsWith("\\") === true ? "" : "\n";
    if (head !== null) {
      const start = Number(head[1]) - Number(head[2] !== "0");
      out += source.slice(at, start).join("");
      at = start;
    } else if (line.startsWith("+")) out += line.slice(1) + ended;
    else if (line.startsWith("-")) at++;
    else if (line.startsWith(" ")) out += source[at++] ?? "";
  }
  return out + source.slice(at).join("");
}
