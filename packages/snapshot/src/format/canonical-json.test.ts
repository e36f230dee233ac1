import { describe, expect, test } from "vitest";
import { canonicalJson } from "./canonical-json.ts";

describe("canonical JSON", () => {
  test("sorts keys by UTF-16 code unit, as RFC 8785 §3.2.3 does", () => {
    const value = {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      1: "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    };
    const values = Object.values(JSON.parse(canonicalJson(value)) as Record<string, string>);
    // JSON.parse puts the integer key first by itself; the text is what counts.
    expect(values).toHaveLength(7);
    expect(canonicalJson(value)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis",' +
        '"€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
  });

  test("escapes exactly what RFC 8785 §3.2.2.2 escapes", () => {
    expect(canonicalJson("\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/\u007f")).toBe(
      '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f"',
    );
  });

  test.each([
    [0, "0"],
    [-1, "-1"],
    [0.1, "0.1"],
    [333333333.3333333, "333333333.3333333"],
    [0.000001, "0.000001"],
    [9007199254740991, "9007199254740991"],
    [-9007199254740991, "-9007199254740991"],
  ])("prints %d", (value, text) => expect(canonicalJson(value)).toBe(text));

  test.each([Number.NaN, Infinity, -Infinity, -0, 1e21, 1e-7, 2 ** 53, -(2 ** 53)])(
    "refuses the number %d",
    (value) => {
      expect(() => canonicalJson({ a: [value] })).toThrowError(/at a\[0\]/);
    },
  );

  test.each([
    ["a lone surrogate", "\ud800"],
    ["undefined", undefined],
    ["a function", () => 1],
    ["a bigint", 1n],
    ["a date", new Date(0)],
    ["a map", new Map()],
    ["a hole", [1, undefined]],
  ])("refuses %s", (_, value) => {
    expect(() => canonicalJson({ a: value })).toThrowError(/at a/);
  });

  test.each(["__proto__", "constructor", "prototype"])("refuses the key %s at every depth", (key) => {
    const bad: unknown = JSON.parse(`{"${key}":1}`);
    for (const value of [bad, [bad], { a: bad }, { a: [{ b: bad }] }]) {
      expect(() => canonicalJson(value)).toThrowError(expect.objectContaining({ code: "snapshot_hostile" }));
    }
  });

  test("bounds the nesting", () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(canonicalJson(nested(32))).toBe(`${"[".repeat(32)}1${"]".repeat(32)}`);
    expect(() => canonicalJson(nested(33))).toThrowError(/deeper than 32/);
  });
});
