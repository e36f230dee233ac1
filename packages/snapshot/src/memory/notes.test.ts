import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatNotes, type Note, noteCharactersMax, noteProblem, parseNotes } from "./notes.ts";

const text = fc
  .string({ unit: "grapheme", minLength: 1 })
  .filter((value) => noteProblem(value) === undefined);
const note: fc.Arbitrary<Note> = fc.record({
  id: fc.stringMatching(/^[0-9A-Za-z_-]{1,64}$/),
  text,
  source: fc.constant("run-1/report"),
});

describe("notes", () => {
  test("any that are accepted come back as they were", () => {
    fc.assert(
      fc.property(fc.array(note), (notes) => {
        expect(parseNotes(formatNotes(notes))).toEqual(notes);
      }),
    );
  });

  test("a line without a mark, or with half of one, is no entry", () => {
    const [entry] = parseNotes(
      "# Notes\n- by hand\n- a <!-- m:1 -->\n- b <!-- m:2 s:r/s t:agent -->\r\n- c <!-- m:3 s:r/s t:agent -->",
    );
    expect(entry).toEqual({ id: "3", text: "c", source: "r/s" });
  });

  test.each([
    ["", "is empty"],
    [" \t", "is empty"],
    [" a", "begins or ends"],
    ["a\nb", "line break"],
    ["a\u2028b", "line break"],
    ["a\u0007b", "control character"],
    ["a\u202Eb", "control character"],
    ["a --> b", "mark entries"],
    ["a <!-- m:1 s:x t:agent", "mark entries"],
    ["\uD800", "not valid Unicode"],
    ["x".repeat(noteCharactersMax + 1), `${noteCharactersMax + 1} characters`],
  ])("%j is refused", (bad, why) => {
    expect(noteProblem(bad)).toContain(why);
  });

  test("the longest is accepted, counted as a person counts", () => {
    expect(noteProblem("😀".repeat(noteCharactersMax))).toBe(undefined);
  });
});
