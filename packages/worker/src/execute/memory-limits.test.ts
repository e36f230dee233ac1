import { type MemoryOperation, parseDigest } from "@haversack/protocol";
import { expect, test } from "vitest";
import { agentEnd } from "./agent-end.ts";

const base = parseDigest(`sha256:${"0".repeat(64)}`);
const usage = { turns: 1, toolCalls: 0, inputTokens: 1, outputTokens: 1 };

const add = (text: string, id = `add-${text.slice(0, 10)}`): MemoryOperation => ({
  id,
  scope: "dag",
  change: { kind: "add", text },
  untrusted: false,
});
const remove = (entry: string): MemoryOperation => ({
  ...add("x", `remove-${entry.slice(0, 10)}`),
  change: { kind: "remove", entry, base },
});
const many = (count: number, make: (text: string) => MemoryOperation): MemoryOperation[] =>
  Array.from({ length: count }, (_, index) => make(`${index}`));

const endWith = (memory: MemoryOperation[]) => agentEnd({ kind: "succeeded", outputs: {}, usage, memory });

test.each([
  ["as many as a step may ask for", many(50, add)],
  ["as many removals", many(5, remove)],
  ["the longest text", [add("x".repeat(1000))]],
])("%s: it is the end of the step", (_name, memory) => {
  expect(endWith(memory)).toEqual({ outcome: "succeeded", outputs: new Map(), usage, memory });
});

test("none: nothing is said of it", () => {
  expect(endWith([])).not.toHaveProperty("memory");
});

test.each([
  ["too many", many(51, add), /51 changes, and a step may ask for 50/],
  ["too many removals", many(6, remove), /6 removals, and a step may ask for 5/],
  ["one id twice", [add("a", "1"), add("b", "1")], /two changes of the same id/],
  [
    "a text that is too long",
    [add("a"), add("x".repeat(1001))],
    /number 2 has a text that has 1001 characters/,
  ],
  ["a text of two lines", [add("a\nb", "1")], /number 1 has a text that has a line break/],
  ["an id that is none", [add("a", "../x")], /number 1 has an id/],
  ["an entry that is none", [remove("x".repeat(65))], /number 1 names an entry/],
])("%s: the step fails, and nothing is asked", (_name, memory, message) => {
  const end = endWith(memory);
  expect(end).toMatchObject({ outcome: "failed", failure: { code: "bad_memory" }, usage });
  expect(end.failure?.message).toMatch(message);
  expect(end).not.toHaveProperty("memory");
});
