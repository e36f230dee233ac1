import type { ChatCompletionRequest, ChatMessage } from "@copilotkit/aimock";
import { afterEach, describe, expect, test } from "vitest";
import type { Answer, WantedCall } from "./answer.ts";
import { readFacts } from "./facts.ts";
import { answer, type Rehearsal, startRehearsal } from "./rehearsal.ts";
import { fillOutline } from "./report-prose.ts";

const running: Rehearsal[] = [];
afterEach(async () => {
  for (const rehearsal of running.splice(0)) await rehearsal.stop();
});

const facts: Readonly<Record<string, string>> = {
  "history.txt":
    "repository: demo\ncommit: abc\nshallow: true\ncommits: 7\nauthors: 1\nfirst day: 2026-01-01\nlast day: 2026-01-02\n\nmost commits by author:\n      7 A | B\n\nlatest commits:\n  abc 2026-01-02 commits: 99\n",
  "languages.txt": "files: 3\nlines: 200\n\nlines files language:\n150 1 TypeScript\n50 2 (no ending)\n",
  "largest.txt": "bytes: 1000\n\nbytes file:\n600 a b.ts\n",
  "todos.txt": "notes: 1\n\nfile:line:text:\na b.ts:1:TODO: x\n",
};
const outline =
  "# demo: repository report\n\n## Key figures\n\n| commits | 7 |\n\n## Summary\n\n<!-- write: summary, a sentence -->\n\n## Open notes\n\n- `a:1:<!-- write: x`\n\n<!-- write: notes, a sentence -->\n";

/** Plays the agent's part: answers each call, as long as there is one, and gives back all of them. */
function play(task: string, tools: readonly string[], run: (call: WantedCall) => string): WantedCall[] {
  const messages: ChatMessage[] = [
    { role: "system", content: "s" },
    { role: "user", content: task },
  ];
  const all: WantedCall[] = [];
  for (let turn = 0; turn < 12; turn++) {
    const calls = callsOf(answer(requestOf(messages, tools)));
    if (calls.length === 0) return all;
    all.push(...calls);
    const ids = calls.map((_, index) => `call-${turn}-${index}`);
    messages.push({
      role: "assistant",
      content: null,
      tool_calls: calls.map(({ tool, input }, index) => ({
        id: ids[index] ?? "",
        type: "function",
        function: { name: tool, arguments: JSON.stringify(input) },
      })),
    });
    for (const [index, call] of calls.entries()) {
      messages.push({ role: "tool", tool_call_id: ids[index] ?? "", content: run(call) });
    }
    if (calls.some(({ tool }) => tool === "output")) return all;
  }
  throw new Error("the play does not end");
}

function requestOf(messages: ChatMessage[], tools: readonly string[]): ChatCompletionRequest {
  return {
    model: "rehearsal",
    messages,
    tools: tools.map((name) => ({ type: "function", function: { name } })),
  };
}

function callsOf(given: Answer): WantedCall[] {
  if (!("toolCalls" in given)) return [];
  return (given.toolCalls ?? []).map(({ name, arguments: input }) => ({
    tool: name,
    input: JSON.parse(input) as object,
  }));
}

const task =
  "Write REPORT.md about it with the skill. The facts are in history.txt, languages.txt, largest.txt and todos.txt.";
const tools = ["bash", "read", "skill", "write", "output"];

function world({ tool, input }: WantedCall): string {
  const path = "path" in input && typeof input.path === "string" ? input.path : "";
  if (tool === "skill") return "<skill>\n</skill>\nFolder of the skill: /it's/here\nFiles: x";
  if (tool === "read") return facts[path] ?? "no such file";
  if (tool === "bash") return outline;
  return tool === "write" ? "wrote 10 bytes to REPORT.md" : "accepted";
}

describe("the rehearsal of the repository report", () => {
  test("goes from skill to facts to script to report to output", () => {
    const calls = play(task, tools, world);
    expect(calls.map(({ tool }) => tool)).toEqual([
      "skill",
      "read",
      "read",
      "read",
      "read",
      "bash",
      "write",
      "output",
    ]);
    expect(calls[5]?.input).toEqual({ command: "'/it'\\''s/here/scripts/outline.sh'" });
    expect(calls[7]?.input).toEqual({
      title: "demo: repository report",
      headline: "7 commits by 1 author, 3 files (rehearsal model).",
      files: 3,
    });
  });

  test("writes what the tools of this run said, and who wrote it", () => {
    const written = play(task, tools, world).find(({ tool }) => tool === "write")?.input;
    const content = written !== undefined && "content" in written ? String(written.content) : "";
    expect(content).toContain("rehearsal model, which is a script");
    expect(content).toContain(
      "holds 3 files with 200 lines of text, in 7 commits by 1 author. Most lines are TypeScript: 75.0 %.",
    );
    expect(content).toContain("shallow clone");
    expect(content).toContain("There is 1 note; all are listed.");
    expect(content).not.toMatch(/^<!-- write/m);
  });

  test.each([
    ["skill", "not permitted"],
    ["read", "not permitted"],
    ["bash", "outline.sh: history.txt is missing"],
    ["write", "not permitted: no rule"],
  ])("ends when %s fails, instead of making something up", (failing, said) => {
    const calls = play(task, tools, (call) => (call.tool === failing ? said : world(call)));
    expect(calls.at(-1)?.tool).toBe(failing === "read" ? "bash" : failing);
  });
});

test("the word count is answered from the file", () => {
  const calls = play("Read counts.txt.", ["read", "output"], () => "      3 to\n      1 be\n");
  expect(calls.at(-1)).toEqual({ tool: "output", input: { word: "to", times: 3 } });
});

test("where no output is asked for, the word count is said in words", () => {
  const calls = play("Read counts.txt.", ["read"], () => "      3 to\n      1 be\n");
  expect(calls.map(({ tool }) => tool)).toEqual(["read"]);
});

test("another task is declined", () => {
  expect(answer(requestOf([{ role: "user", content: "Deploy it" }], tools))).toEqual({
    content: expect.stringMatching(/rehearsal model.*set ANTHROPIC_API_KEY/) as string,
  });
});

test("a fact that a stranger wrote does not replace one that was counted", () => {
  expect(readFacts([facts["history.txt"] ?? "", "commits: 99\n"]).value("commits")).toBe("7");
  expect(fillOutline(outline, readFacts(Object.values(facts)))).toContain("- `a:1:<!-- write: x`");
});

test("the server streams as OpenAI does, on loopback", async () => {
  const rehearsal = await startRehearsal();
  running.push(rehearsal);
  expect(rehearsal.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
  const response = await fetch(`${rehearsal.url}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...requestOf([{ role: "user", content: task }], tools), stream: true }),
  });
  expect(response.headers.get("content-type")).toMatch(/event-stream/);
  const body = await response.text();
  expect(body).toMatch(/"tool_calls"/);
  expect(body.trimEnd()).toMatch(/data: \[DONE\]$/);
});
