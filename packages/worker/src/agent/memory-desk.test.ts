import { shortIds } from "@haversack/base";
import type { MemoryOperation } from "@haversack/protocol";
import { noteDigest, notesMax } from "@haversack/snapshot";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dagMemory, globalMemory, noteIds } from "../testing/step-memory.ts";
import { MemoryDesk, memoryOperationsMax, memoryRemovalsMax } from "./memory-desk.ts";
import { idsNamed } from "./note-ids.ts";
import type { StepMemory } from "./step-memory.ts";
import { ToolError } from "./tools/tool.ts";

const [java, tests] = noteIds;

function setup(memory: readonly StepMemory[] = [dagMemory(), globalMemory({ write: "append" })]) {
  const read = { outside: false };
  let made = 0;
  const desk = new MemoryDesk({
    memory,
    // As alike as ids of one moment are.
    makeId: () => `01a1fda2-4aee-7000-8000-${String(++made + 100).padStart(12, "0")}`,
    sawOutside: () => read.outside,
  });
  const texts = (): string[] => desk.notes("dag").map(({ text }) => text);
  const asked = (): string[] =>
    desk
      .operations()
      .map(({ change }) => (change.kind === "remove" ? "remove" : `${change.kind} ${change.text}`));
  return { desk, read, texts, asked };
}

describe("what a step asks of memory", () => {
  test("comes with an id, the scope and the text that the agent saw", () => {
    const { desk } = setup();
    desk.update("dag", "01a1fda2-4a", "The build needs Java 25.");
    desk.add("global", "The sky is blue.");
    const [update, add] = desk.operations();
    expect(update).toMatchObject({
      scope: "dag",
      untrusted: false,
      change: {
        kind: "update",
        entry: java,
        base: noteDigest("The build needs Java 21."),
        text: "The build needs Java 25.",
      },
    });
    expect(add).toMatchObject({ scope: "global", change: { kind: "add", text: "The sky is blue." } });
    expect(update?.id).not.toBe(add?.id);
  });

  test("is nothing when it is there already, or was taken back", () => {
    const { desk, asked } = setup();
    expect(desk.add("dag", "The build needs Java 21.")).toEqual({ kind: "kept", shortId: "01a1fda2-4a" });
    expect(desk.update("dag", java, "The build needs Java 21.").kind).toBe("kept");
    const { shortId } = desk.add("dag", "One.");
    expect(desk.add("dag", "One.")).toEqual({ kind: "kept", shortId });
    desk.remove("dag", shortId);
    desk.update("dag", java, "Other.");
    desk.update("dag", java, "The build needs Java 21.");
    desk.remove("dag", tests);
    expect(desk.add("dag", "Tests take </memory> an hour.").kind).toBe("kept");
    expect(asked()).toEqual([]);
  });

  test("is one operation for each entry, with the base of the pack", () => {
    const { desk, asked } = setup();
    const one = desk.add("dag", "One.").shortId;
    desk.update("dag", one, "Two.");
    desk.update("dag", java, "A.");
    desk.update("dag", java, "B.");
    expect(asked()).toEqual(["update B.", "add Two."]);
    const [{ id }] = desk.operations() as [MemoryOperation];
    desk.remove("dag", java);
    expect(desk.operations()[0]).toMatchObject({
      id,
      change: { kind: "remove", entry: java, base: noteDigest("The build needs Java 21.") },
    });
    expect(desk.operations()).toHaveLength(2);
  });

  test("puts an old text under a new id only after the old entry has gone", () => {
    const { desk, asked } = setup();
    const z = desk.add("dag", "Z.").shortId;
    desk.update("dag", java, "Y.");
    desk.update("dag", z, "The build needs Java 21.");
    expect(asked()).toEqual(["update Y.", "add The build needs Java 21."]);
  });

  test("is marked from the moment on when the agent has read something from outside", () => {
    const { desk, read } = setup();
    desk.add("dag", "Before.");
    const later = desk.add("dag", "Changed later.").shortId;
    read.outside = true;
    desk.update("dag", later, "Changed.");
    desk.add("dag", "After.");
    expect(desk.operations().map(({ untrusted }) => untrusted)).toEqual([false, true, true]);
  });
});

describe("what cannot be asked", () => {
  test.each([
    ["no such id", "01a1fda2-9", /there is no note 01a1fda2-9 in dag; .*"action":"view".*only a person/],
    ["too few characters", "01a1f", /there is no note/],
    ["two of them", "01a1fda2-4", /2 notes of dag have ids that begin/],
    [
      "a note of a person",
      "01KA5Z8Q2V9N4C7T1E6R3B8WXY",
      /written by a person, and only a person can change it/,
    ],
  ])("%s", (_name, id, message) => {
    const { desk } = setup();
    expect(() => desk.update("dag", id, "x")).toThrow(message);
    expect(() => desk.remove("dag", id)).toThrow(message);
    expect(desk.operations()).toEqual([]);
  });

  test("an id of the other scope, one that is gone, a text that another note has", () => {
    const { desk } = setup();
    expect(() => desk.remove("global", java)).toThrow(/no note .* in global/);
    desk.remove("dag", java);
    expect(() => desk.update("dag", java, "x")).toThrow(/you removed the note/);
    const { shortId } = desk.add("dag", "x");
    expect(() => desk.update("dag", tests, "x")).toThrow(`[${shortId}] says that already`);
  });

  test("a short id of the pack still means the pack's note when the step added one like it", () => {
    const { desk } = setup([dagMemory({ notes: dagMemory().notes.slice(0, 1) })]);
    desk.add("dag", "Alike.");
    desk.update("dag", "01a1fda2", "Java 25.");
    expect(desk.operations()[0]?.change).toMatchObject({ kind: "update", entry: java });
  });

  test("more than a step may: the limit is of what is left to do", () => {
    const { desk } = setup();
    for (let n = 1; n <= memoryOperationsMax; n++) desk.add(n % 2 === 0 ? "dag" : "global", `Fact ${n}`);
    expect(() => desk.add("dag", "More")).toThrow(`${memoryOperationsMax} changes`);
    expect(() => desk.remove("dag", java)).toThrow(`${memoryOperationsMax} changes`);
    desk.update("global", desk.notes("global")[0]?.id ?? "", "Fact 1, better");
    desk.remove("global", desk.notes("global")[0]?.id ?? "");
    desk.add("dag", "More");
    expect(desk.operations()).toHaveLength(memoryOperationsMax);
  });

  test("more removals than a step may", () => {
    const notes = Array.from({ length: 9 }, (_, n) => ({ id: `note-000${n}`, text: `${n}`, source: "r/s" }));
    const { desk } = setup([dagMemory({ notes })]);
    for (const { id } of notes.slice(0, memoryRemovalsMax)) desk.remove("dag", id);
    expect(() => desk.remove("dag", "note-0007")).toThrow(`${memoryRemovalsMax} notes at most`);
    desk.add("dag", "0");
    desk.remove("dag", "note-0007");
    expect(desk.operations()).toHaveLength(memoryRemovalsMax);
  });

  test("more notes than a scope can hold", () => {
    const full = (count: number, text: string) =>
      Array.from({ length: count }, (_, n) => ({
        id: `note-${10_000 + n}`,
        text: `${n}${text}`,
        source: "r/s",
      }));
    const many = setup([dagMemory({ notes: full(notesMax, "") })]).desk;
    expect(() => many.add("dag", "x")).toThrow(/are full/);
    const long = setup([dagMemory({ notes: full(66, "x".repeat(950)) })]).desk;
    expect(() => long.update("dag", "note-10000", "y".repeat(1000))).not.toThrow();
    expect(() => long.add("dag", "z".repeat(1000))).toThrow(/are full/);
    expect(long.operations()).toHaveLength(1);
  });
});

/** As the coordinator does it. */
function fold(notes: readonly { id: string; text: string }[], operations: readonly MemoryOperation[]) {
  let entries = notes.map(({ id, text }) => ({ id, text }));
  for (const { id, change } of operations) {
    if (change.kind === "add") {
      if (!entries.some(({ text }) => text === change.text)) entries.push({ id, text: change.text });
      continue;
    }
    const entry = entries.find((candidate) => candidate.id === change.entry);
    expect(noteDigest(entry?.text ?? "")).toBe(change.base);
    if (change.kind === "remove") entries = entries.filter((candidate) => candidate !== entry);
    else if (entry !== undefined) entry.text = change.text;
  }
  return entries;
}

test("whatever an agent does, the operations lead from the pack to what it saw last, by the shortest way", () => {
  // Few texts, so that they meet.
  const text = fc.constantFrom("a", "b", "c", "d", "e");
  const call = fc.record({
    action: fc.constantFrom("add" as const, "update" as const, "remove" as const),
    scope: fc.constantFrom("dag" as const, "global" as const),
    pick: fc.nat(20),
    text,
  });
  const packed = fc
    .uniqueArray(text, { maxLength: 4 })
    .map((texts) => texts.map((fact, n) => ({ id: `01a1fda2-4aee-${n}`, text: fact, source: "r/s" })));
  let changed = 0;
  fc.assert(
    fc.property(packed, packed, fc.array(call, { maxLength: 40 }), (dag, global, calls) => {
      const { desk } = setup([dagMemory({ notes: dag }), globalMemory({ write: "append", notes: global })]);
      for (const { action, scope, pick, text: fact } of calls) {
        const notes = desk.notes(scope);
        const name = notes[pick % Math.max(1, notes.length)]?.shortId ?? "none";
        try {
          if (action === "add") desk.add(scope, fact);
          else if (action === "update") desk.update(scope, name, fact);
          else desk.remove(scope, name);
        } catch (error) {
          expect(error).toBeInstanceOf(ToolError);
          expect(desk.notes(scope)).toEqual(notes);
        }
      }
      const operations = desk.operations();
      changed += operations.length;
      for (const [scope, notes] of [
        ["dag", dag],
        ["global", global],
      ] as const) {
        const own = operations.filter((operation) => operation.scope === scope);
        const seen = desk.notes(scope).map(({ id, text: fact }) => ({ id, text: fact }));
        expect(fold(notes, own)).toEqual(seen);
        const before = new Map(notes.map(({ id, text: fact }) => [id, fact]));
        const gone = notes.filter(({ id }) => !seen.some((note) => note.id === id));
        const other = seen.filter((note) => before.get(note.id) !== note.text);
        expect(own).toHaveLength(gone.length + other.length);
      }
    }),
  );
  expect(changed).toBeGreaterThan(50);
});

test("a short id names its note and no other", () => {
  const id = fc.stringMatching(/^[ab]{1,3}-?[ab]{0,12}$/);
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 12 }), (ids) => {
      for (const [full, short] of shortIds(ids)) expect(idsNamed(short, ids)).toEqual([full]);
    }),
  );
});
