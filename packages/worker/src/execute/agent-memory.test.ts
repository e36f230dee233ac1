/** Memory from the pack to the result: what the model is offered, what it asks for, and what is reported of it. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EffectiveConfig, type MemoryWriteMode, noteDigest } from "@haversack/snapshot";
import { afterEach, describe, expect, test } from "vitest";
import { config, key, type Ran, runAgentStep, type Setup } from "../testing/agent-world.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function run(setup: Setup): Promise<Ran> {
  const base = await mkdtemp(join(tmpdir(), "agent-memory-"));
  folders.push(base);
  return runAgentStep(base, setup);
}

const writing = (dag: MemoryWriteMode, global: MemoryWriteMode = "none"): Partial<EffectiveConfig> => ({
  memory: { read: ["dag", "global"], write: { dag, global }, dag: "d" },
});

const notes = [{ id: "01a1fda2-4aee", text: "The build needs Java 21.", source: "r/s" }];

const offered = ({ model }: Ran): string[] =>
  model.requests[0]?.body.tools?.map((tool) => tool.function.name) ?? [];
const told = ({ model }: Ran): string => model.requests[0]?.messages[0]?.content ?? "";

describe("an agent that may write memory", () => {
  test("ends with what it asked for, and the log says it", async () => {
    const ran = await run({
      config: writing("append"),
      notes,
      script: [
        {
          calls: [
            ["memory", { action: "view", scope: "dag" }],
            ["memory", { action: "update", entry: "01a1fda2", text: "The build needs Java 25." }],
            ["memory", { action: "add", text: `The key is ${key}.` }],
            ["memory", { action: "add", text: "The sea is grey." }],
          ],
        },
        { text: "done" },
      ],
    });
    const id = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
    const change = { entry: "01a1fda2-4aee", base: noteDigest("The build needs Java 21.") };
    expect(ran.end).toEqual({
      outcome: "succeeded",
      outputs: new Map(),
      usage: { turns: 2, toolCalls: 4, inputTokens: 200, outputTokens: 20 },
      memory: [
        {
          id,
          scope: "dag",
          change: { kind: "update", ...change, text: "The build needs Java 25." },
          untrusted: false,
        },
        { id, scope: "dag", change: { kind: "add", text: "The sea is grey." }, untrusted: false },
      ],
    });
    expect(ran.notes).toContain("  memory update dag 01a1fda2: The build needs Java 25.");
    expect(ran.notes).toContain("  memory add dag: The sea is grey.");
    expect(ran.notes.join("\n")).not.toContain(key);
    const [view, , refused] = (ran.model.requests[1]?.messages ?? []).slice(-4).map(({ content }) => content);
    expect(view).toMatch(/^\[01a1fda2\] The build needs Java 21\.$/m);
    expect(refused).toMatch(/holds a secret value/);
    expect(told(ran)).toContain("- [01a1fda2] The build needs Java 21.");
  });

  test("asks for nothing when its step fails", async () => {
    const { end, notes: lines } = await run({
      config: { ...writing("append"), limits: { ...config.limits, maxTurns: 1 } },
      script: [{ calls: [["memory", { action: "add", text: "The sea is grey." }]] }],
    });
    expect(end.outcome).toBe("failed");
    expect(end).not.toHaveProperty("memory");
    expect(lines).toContain("  memory add dag: The sea is grey.");
  });

  test.each([
    [["example.com"], true],
    [[], false],
  ])(
    "hosts that its commands may reach: %j, so what it notes after one is untrusted: %s",
    async (network, untrusted) => {
      const { end } = await run({
        config: { ...writing("append"), network },
        script: [
          { calls: [["memory", { action: "add", text: "Before." }]] },
          { calls: [["bash", { command: "true" }]] },
          { calls: [["memory", { action: "add", text: "After." }]] },
          { text: "done" },
        ],
      });
      expect(end.memory?.map((operation) => operation.untrusted)).toEqual([false, untrusted]);
    },
  );
});

const advertised = /`memory`|update or remove|later steps and runs/;

describe("the tool and the words about it come together", () => {
  test.each([
    [writing("append"), ["`dag`"]],
    [writing("propose"), ["`dag`", "a person decides"]],
    [writing("none", "append"), ["`global`", "The scope `dag` can only be read"]],
    [writing("append", "propose"), ["`dag` or `global`", "In `global` a person decides"]],
  ])("where it can be written, listed or not: %j", async (memory, words) => {
    for (const tools of [["bash"], ["bash", "memory"]]) {
      const ran = await run({ config: { ...memory, tools }, script: [{ text: "done" }] });
      expect(ran.end.outcome).toBe("succeeded");
      expect(ran.end).not.toHaveProperty("memory");
      expect(offered(ran)).toEqual(["bash", "memory"]);
      expect(told(ran)).toMatch(advertised);
      for (const word of words) expect(told(ran)).toContain(word);
    }
  });

  test.each([
    ["only read", writing("none"), true],
    ["not even read", { memory: { read: [], write: { dag: "none", global: "none" }, dag: null } }, false],
  ] as [string, Partial<EffectiveConfig>, boolean][])(
    "where it is %s, listed or not",
    async (_name, memory, notice) => {
      for (const tools of [["bash"], ["bash", "memory"]]) {
        const ran = await run({
          config: { ...memory, tools },
          script: [{ calls: [["memory", { action: "add", text: "The sea is grey." }]] }, { text: "done" }],
        });
        expect(ran.end.outcome).toBe("succeeded");
        expect(ran.end).not.toHaveProperty("memory");
        expect(offered(ran)).toEqual(["bash"]);
        expect(ran.model.requests[1]?.messages.at(-1)?.content).toMatch(/there is no tool "memory"/);
        expect(told(ran)).not.toMatch(advertised);
        expect(told(ran).includes("nothing that you say or write in this step is kept in memory")).toBe(
          notice,
        );
      }
    },
  );
});
