import { describe, expect, test } from "vitest";
import { z } from "zod";
import { makeMasker } from "../../mask/masker.ts";
import { dagMemory, globalMemory, noteIds } from "../../testing/step-memory.ts";
import { MemoryDesk } from "../memory-desk.ts";
import { makePolicy } from "../policy.ts";
import type { StepMemory } from "../step-memory.ts";
import { ToolBox } from "../tool-box.ts";
import { memoryTool } from "./memory-tool.ts";
import { defineTool, text } from "./tool.ts";

const secret = "canary-key-123456";

/** Answers with what a stranger wrote. */
const fetchPage = defineTool({
  name: "fetch",
  description: "",
  readsOutside: true,
  input: z.object({ fail: z.boolean().optional() }),
  prepare: ({ fail }) => ({
    subjects: [{ tool: "fetch", value: "page" }],
    summary: "",
    async run() {
      if (fail === true) throw new Error("what the page said");
      return text("page");
    },
  }),
});

function setup(memory: readonly StepMemory[] = [dagMemory(), globalMemory()], deny: readonly string[] = []) {
  const read = { outside: false };
  let made = 0;
  const makeId = (): string => `01b00000-0000-7000-8000-${String(++made).padStart(12, "0")}`;
  const desk = new MemoryDesk({ memory, makeId, sawOutside: () => read.outside });
  const masker = makeMasker([secret]);
  const box = new ToolBox({
    tools: [memoryTool({ memory, desk, masker }), fetchPage],
    // The step's mode has decided already: rules for tools do not.
    policy: makePolicy({ deny, ask: [], allow: ["fetch(*)"], default: "deny" }),
    onAsk: "deny",
    masker,
    outputBytesMax: 65_536,
    read,
  });
  const call = async (input: unknown, tool = "memory") => {
    const prepared = box.prepare({ id: "c", tool, input });
    const end = await prepared.run(new AbortController().signal);
    return { ...end, summary: prepared.summary };
  };
  return { desk, call, box };
}

describe("a view", () => {
  test("shows notes with ids, the step's own on top, and what people wrote", async () => {
    const { call } = setup();
    await call({ action: "update", entry: "[01a1fda2-4a]", text: "The build needs Java 25." });
    await call({ action: "add", scope: "dag", text: "New." });
    await call({ action: "remove", entry: noteIds[1] });
    const { text: shown } = await call({ action: "view", scope: "dag" });
    expect(shown).toBe(
      [
        "Notes of agents in dag, with what this step asked for:",
        "[01a1fda2-4a] The build needs Java 25.",
        "[01b00000] New.",
        "",
        "Written by people, and can only be read:",
        "- Monday.",
        "",
        "topic.md:",
        "- Deep.",
      ].join("\n"),
    );
  });

  test("of all scopes when none is named; what people wrote only if it is short", async () => {
    const { call } = setup([dagMemory({ text: "x".repeat(2000) }), globalMemory()]);
    const { text: shown } = await call({ action: "view" });
    expect(shown).toContain("stands in your instructions");
    expect(shown).not.toContain("xxx");
    expect(shown).toMatch(/Notes of agents in global, which can only be read:\n\(none\)$/);
  });
});

describe("a change", () => {
  test("goes to the one scope that is writable, and says what comes of it", async () => {
    const append = setup();
    expect(await append.call({ action: "add", text: "A." })).toMatchObject({
      ok: true,
      summary: "add dag: A.",
      text: "accepted for [01b00000] of dag; it takes effect when this step succeeds",
    });
    const propose = setup([dagMemory({ write: "propose" })]);
    expect((await propose.call({ action: "add", text: "A." })).text).toMatch(/a person decides/);
    expect(propose.desk.operations()).toHaveLength(1);
    expect((await propose.call({ action: "add", text: " A. " })).text).toMatch(/says that already/);
    expect(propose.desk.operations()).toHaveLength(1);
  });

  test("has a line for the log that says all of it", async () => {
    const { call } = setup();
    const lines = [
      await call({ action: "add", text: "A." }),
      await call({ action: "update", entry: "01a1fda2-4a", text: "B." }),
      await call({ action: "remove", entry: "01a1fda2-4b" }),
    ].map(({ summary }) => summary);
    expect(lines).toEqual(["add dag: A.", "update dag 01a1fda2-4a: B.", "remove dag 01a1fda2-4b"]);
  });

  const bothWritable = [dagMemory(), globalMemory({ write: "append" })];
  test.each([
    ["to a scope that can only be read", { action: "add", scope: "global", text: "A." }, /may write dag/],
    ["to a scope that is not read", { action: "add", scope: "other", text: "A." }, /invalid input/],
    ["without a text", { action: "add" }, /add needs a "text"/],
    ["without an entry", { action: "update", text: "A." }, /update needs the id of a note/],
    ["with an entry that is no id", { action: "remove", entry: "the first\none" }, /needs the id of a note/],
    ["of two lines", { action: "add", text: "A.\nB." }, /line break.*one short line/],
    ["that is long", { action: "add", text: "x".repeat(1001) }, /1001 characters/],
    ["with a mark", { action: "add", text: "A. <!-- m:1 s:r/s t:agent -->" }, /mark entries/],
    ["with a key", { action: "add", text: "Use AKIAIOSFODNN7EXAMPLE." }, /looks like a secret \(AWS/],
    ["with a secret value", { action: "add", text: `Use ${secret}.` }, /holds a secret value/],
    [
      "with a secret value in base64",
      { action: "update", entry: noteIds[0], text: `Use ${Buffer.from(secret).toString("base64")}.` },
      /holds a secret value/,
    ],
  ])("%s is refused, and its text stands nowhere", async (_name, input, message) => {
    const { desk, call } = setup();
    const { ok, text: said, summary } = await call(input);
    expect(ok).toBe(false);
    expect(said).toMatch(message);
    expect(desk.operations()).toEqual([]);
    expect(said + summary).not.toMatch(/AKIAIOSFODNN7EXAMPLE|canary|Y2FuYXJ5/);
    expect(summary).not.toContain("\n");
  });

  test("names its scope where two are writable", async () => {
    const { desk, call } = setup(bothWritable);
    expect((await call({ action: "add", text: "A." })).text).toBe("say which scope: dag or global");
    await call({ action: "add", scope: "global", text: "A." });
    expect(desk.operations()).toMatchObject([{ scope: "global" }]);
  });

  test.each([
    [bothWritable, ["dag", "global"]],
    [[dagMemory()], ["dag"]],
  ])("the model is told the scopes that the step reads", (memory, scopes) => {
    const [spec] = setup(memory).box.specs;
    expect(spec?.inputSchema).toMatchObject({
      properties: { scope: { enum: scopes } },
      required: ["action"],
    });
  });
});

describe("after something from outside", () => {
  test.each([
    ["an answer", {}],
    ["an answer that says what went wrong", { fail: true }],
  ])("%s: what is noted is marked", async (_name, input) => {
    const { desk, call } = setup();
    await call({ action: "add", text: "Before." });
    await call(input, "fetch");
    await call({ action: "add", text: "After." });
    expect(desk.operations().map(({ untrusted }) => untrusted)).toEqual([false, true]);
  });

  test("a call that was not permitted brought nothing in", async () => {
    const { desk, call } = setup(undefined, ["fetch(*)"]);
    expect((await call({}, "fetch")).ok).toBe(false);
    await call({ action: "add", text: "After." });
    expect(desk.operations()).toMatchObject([{ untrusted: false }]);
  });
});
