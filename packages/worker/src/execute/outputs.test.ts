import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { outputLimits, parseOutputs } from "./outputs.ts";

const parse = (text: string): object => Object.fromEntries(parseOutputs(Buffer.from(text)));

describe("the output file", () => {
  test.each([
    ["nothing", "", {}],
    ["one line", "commits=12\n", { commits: "12" }],
    ["no newline at the end", "a=1\nb=2", { a: "1", b: "2" }],
    ["empty lines and an empty value", "\n\na=\n\n", { a: "" }],
    ["more equals signs", "a=b=c<<d", { a: "b=c<<d" }],
    ["the last one wins", "a=1\na=2\n", { a: "2" }],
    ["several lines", "text<<END\none\n\ntwo=2\nEND\nb=1\n", { text: "one\n\ntwo=2", b: "1" }],
    ["an empty text", "text<<END\nEND\n", { text: "" }],
    ["spaces stay", "a= b \n", { a: " b " }],
  ])("%s", (_name, text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test.each([
    ["no name", "=1", /line 1/],
    ["a line that is neither", "a=1\nhello world\n", /line 2: expected name=value/],
    ["a text without its end", "a<<END\none\n", /"a" has no closing line "END"/],
    ["a text without a word", "a<<\none\n", /no closing line/],
    ["a reserved name", "__proto__=1", /line 1/],
    ["a name with a space", "a b=1", /line 1/],
  ])("refuses %s", (_name, text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test("refuses bytes that are no text", () => {
    expect(() => parseOutputs(Buffer.from([0x61, 0x3d, 0xff]))).toThrow(/UTF-8/);
  });

  test("keeps a value at the limit and refuses one above", () => {
    const value = "x".repeat(outputLimits.valueBytesMax);
    expect(parse(`a=${value}`)).toEqual({ a: value });
    expect(() => parse(`a=${value}x`)).toThrow(/"a" may have at most 65536 bytes/);
    expect(() => parseOutputs(Buffer.alloc(outputLimits.bytesMax + 1, "a"))).toThrow(/together/);
    expect(() => parse(Array.from({ length: 257 }, (_, index) => `a${index}=`).join("\n"))).toThrow(/256/);
  });

  test("whatever was written comes back", () => {
    const name = fc
      .stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,10}$/)
      .filter((text) => !text.includes("proto"));
    const value = fc
      .string({ unit: "grapheme", maxLength: 200 })
      .filter((text) => !text.split("\n").includes("END_0"));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (pairs) => {
        const text = pairs
          .map(([key, content]) =>
            content.includes("\n") ? `${key}<<END_0\n${content}\nEND_0` : `${key}=${content}`,
          )
          .join("\n");
        expect(parseOutputs(Buffer.from(text))).toEqual(new Map(pairs));
      }),
    );
  });
});
