import { type MemoryChange, type MemoryEntry, type MemoryOperation, parseDigest } from "@haversack/protocol";
import { noteDigest, notesMax } from "@haversack/snapshot";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JudgedBy, judge, judgeAccepted, operationsMax, removalsMax } from "./judge.ts";
import { applyEdits, editsBetween, entriesDigest, notesSize } from "./scope.ts";

const entry = (id: string, text: string): MemoryEntry => ({ id, text, source: "r/s" });
const base = (text: string) => parseDigest(noteDigest(text));
const operation = (change: MemoryChange, more: Partial<MemoryOperation> = {}): MemoryOperation => ({
  id: "op",
  scope: "dag",
  change,
  untrusted: false,
  ...more,
});
const by: JudgedBy = { mode: "append", operations: 0, removals: 0, source: "r2/s" };
const two = [entry("a", "first"), entry("b", "second")];

const add = (text: string): MemoryChange => ({ kind: "add", text });
const update = (id: string, seen: string, text: string): MemoryChange => ({
  kind: "update",
  entry: id,
  base: base(seen),
  text,
});
const remove = (id: string, seen: string): MemoryChange => ({ kind: "remove", entry: id, base: base(seen) });

describe("an operation that may be applied", () => {
  test.each<[string, MemoryChange, object]>([
    ["a new fact", add("third"), { entry: "op", after: "third", source: "r2/s" }],
    [
      "a better text",
      update("a", "first", "1st"),
      { entry: "a", before: "first", after: "1st", source: "r2/s" },
    ],
    ["a removal", remove("b", "second"), { entry: "b", before: "second", source: "r2/s" }],
  ])("%s is applied", (_name, change, edit) => {
    expect(judge(two, operation(change), by)).toEqual({ kind: "applied", edit });
  });

  test.each<[string, MemoryChange]>([
    ["a fact that is noted already", add("second")],
    ["an update to what the entry says by now", update("a", "long ago", "first")],
    ["a removal of what is gone", remove("z", "gone")],
  ])("%s changes nothing", (_name, change) => {
    expect(judge(two, operation(change), by)).toEqual({ kind: "merged" });
  });
});

describe("an operation that waits for a person", () => {
  test.each<[string, MemoryOperation, Partial<JudgedBy>, string]>([
    ["the entry changed", operation(update("a", "zeroth", "1st")), {}, "conflict"],
    ["the entry to remove changed", operation(remove("a", "zeroth")), {}, "conflict"],
    ["the entry is gone", operation(update("z", "gone", "x")), {}, "conflict"],
    ["content from outside", operation(add("x"), { untrusted: true }), {}, "untrusted"],
    ["a step that may propose", operation(add("x")), { mode: "propose" }, "proposed"],
    ["a step that may not write", operation(add("x")), { mode: "none" }, "not-writable"],
    ["too many in a run", operation(add("x")), { operations: operationsMax }, "limit"],
    ["too many removals in a run", operation(remove("a", "first")), { removals: removalsMax }, "limit"],
    ["a secret", operation(add(`use sk-ant-${"a1".repeat(12)}`)), {}, "secret"],
    ["a secret in an update", operation(update("a", "first", `sk-ant-${"a1".repeat(12)}`)), {}, "secret"],
    ["two lines", operation(add("a\nb")), {}, "malformed"],
    ["the id of another entry", operation(add("x"), { id: "a" }), {}, "malformed"],
  ])("%s", (_name, asked, more, reason) => {
    expect(judge(two, asked, { ...by, ...more })).toMatchObject({ kind: "review", reason });
  });

  test("a scope that is full, by count and by size", () => {
    const many = Array.from({ length: notesMax }, (_, index) => entry(`e${index}`, `fact ${index}`));
    expect(judge(many, operation(add("x")), by)).toMatchObject({ kind: "review", reason: "limit" });
    expect(judge(many.slice(1), operation(add("x")), by)).toMatchObject({ kind: "applied" });
    const long = Array.from({ length: 71 }, (_, index) => entry(`e${index}`, `${index}${"x".repeat(900)}`));
    expect(notesSize(long)).toBeGreaterThan(64 * 1024);
    expect(judge(long.slice(1), operation(add("y".repeat(999))), by)).toMatchObject({ reason: "limit" });
    // What makes it smaller is applied in any case.
    expect(judge(many, operation(remove("e1", "fact 1")), by)).toMatchObject({ kind: "applied" });
  });
});

describe("what a person accepts", () => {
  test("is done to the entry as it is now, and noted anew where it is gone", () => {
    expect(judgeAccepted(two, operation(update("a", "zeroth", "1st")), "r/s")).toMatchObject({
      edit: { entry: "a", before: "first", after: "1st" },
    });
    expect(judgeAccepted(two, operation(update("z", "gone", "x")), "r/s")).toEqual({
      kind: "applied",
      edit: { entry: "z", after: "x", source: "r/s" },
    });
    expect(judgeAccepted(two, operation(remove("b", "other")), "r/s")).toMatchObject({ kind: "applied" });
  });

  test("is still no secret and no second line", () => {
    expect(judgeAccepted(two, operation(add("a\nb")), "r/s")).toMatchObject({ reason: "malformed" });
  });
});

const entries = fc
  .uniqueArray(fc.record({ id: fc.stringMatching(/^[a-h]$/), text: fc.stringMatching(/^[a-c]{1,2}$/) }), {
    selector: ({ id }) => id,
  })
  .map((list) =>
    applyEdits(
      [],
      list.map(({ id, text }) => ({ entry: id, after: text, source: "r/s" })),
    ),
  );

test("the edits between two states lead from one to the other, and there are none between equals", () => {
  fc.assert(
    fc.property(entries, entries, (from, to) => {
      const edits = editsBetween(from, to);
      expect(applyEdits(from, edits)).toEqual(to);
      expect(edits.length === 0).toBe(entriesDigest(from) === entriesDigest(to));
    }),
  );
});
