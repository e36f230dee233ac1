import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { config, key, model, type Ran, runAgentStep, type Setup } from "../testing/agent-world.ts";
import { StopRequest } from "./executor.ts";
import { carriesMarker, listProcesses } from "./process-table.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function run(setup: Setup): Promise<Ran> {
  const base = await mkdtemp(join(tmpdir(), "agent-"));
  folders.push(base);
  return runAgentStep(base, setup);
}

const schema = { type: "object", required: ["greeting"], properties: { greeting: { type: "string" } } };

describe("an agent step", () => {
  test("runs over the wire: skill, script, file, output", async () => {
    const { end, notes, text, work, model } = await run({
      schema,
      script: [
        { text: "I look at the skill.", calls: [["skill", { name: "greet" }]] },
        ({ messages }) => {
          const folder = /^Folder of the skill: (.*)$/m.exec(messages.at(-1)?.content ?? "")?.[1] ?? "";
          return {
            calls: [
              ["bash", { command: `${folder}/scripts/hi.sh` }],
              ["bash", { command: "echo $STEP_VALUE" }],
            ],
          };
        },
        ({ messages }) => ({
          calls: [
            [
              "write",
              {
                path: "out.txt",
                content: messages
                  .slice(-2)
                  .map(({ content }) => content)
                  .join("\n"),
              },
            ],
            ["output", { greeting: "hi" }],
          ],
        }),
      ],
    });
    expect(end).toEqual({
      outcome: "succeeded",
      outputs: new Map([["greeting", "hi"]]),
      usage: { turns: 3, toolCalls: 5, inputTokens: 300, outputTokens: 30 },
    });
    expect(await readFile(join(work, "out.txt"), "utf8")).toBe("hi from work\nfrom the step");
    expect(text).toBe("I look at the skill.\n");
    expect(notes).toContain("turn 1: main, 100 tokens in, 10 out, calls skill");
    expect(notes).toContain("  write out.txt (26 bytes)");
    const [request] = model.requests;
    expect(request?.headers["authorization"]).toBe(`Bearer ${key}`);
    expect(request?.body.tools?.map((tool) => tool.function.name)).toEqual([
      "bash",
      "read",
      "skill",
      "write",
      "output",
    ]);
    const system = request?.messages[0]?.content ?? "";
    const order = [
      "You are an agent",
      "Calm.",
      "Be brief.",
      "- greet: Greets",
      "The sky is blue.",
      "Paths are relative",
    ];
    expect(order.map((part) => system.indexOf(part)).toSorted((a, b) => a - b)).toEqual(
      order.map((part) => system.indexOf(part)),
    );
    expect(system).not.toContain("m:01KA5Z8Q");
    expect(system).toContain("nothing that you say or write in this step is kept in memory");
  });

  test("keeps the keys of models and of the worker from tools, logs and the conversation", async () => {
    const { text, notes, model } = await run({
      script: [
        {
          text: `the key is ${key}`,
          calls: [["bash", { command: "env; cat /proc/$PPID/environ | tr '\\0' '\\n'" }]],
        },
        { calls: [["bash", { command: `echo ${key} | base64; echo ${key}` }]] },
        { text: "done" },
      ],
    });
    const seen = JSON.stringify(
      model.requests.slice(1).map(({ messages }) => messages.filter(({ role }) => role === "tool")),
    );
    for (const canary of [key, Buffer.from(key).toString("base64").slice(0, 20), "worker-token-canary"]) {
      expect(seen + text + notes.join("\n")).not.toContain(canary);
    }
    expect(text).toBe("the key is [secret]\ndone\n");
    expect(seen).toContain("[secret]");
  });

  test("passes over a model without its key, and one that refuses", async () => {
    const { end, notes } = await run({
      models: [
        { ...model, id: "no-key", apiKey: { env: "OTHER_API_KEY" } },
        { ...model, id: "refusing" },
        model,
      ],
      script: [{ status: 401 }, { text: "hello" }],
    });
    expect(end.outcome).toBe("succeeded");
    expect(notes[0]).toBe("model passed over: no-key: OTHER_API_KEY is not set here");
    expect(notes[1]).toMatch(
      /model refusing: the model answered with status 401: .*; going on with model main/,
    );
  });

  test("asks again after a busy model and a broken stream", async () => {
    const { end, notes } = await run({
      script: [{ status: 429, headers: { "retry-after": "0" } }, { cut: "hal" }, { text: "hello" }],
    });
    expect(end.usage?.turns).toBe(1);
    expect(notes[0]).toMatch(/status 429/);
    expect(notes[1]).toMatch(/asking again/);
  });

  test.each([
    [
      "without any usable model",
      { models: [{ ...model, apiKey: { env: "HAVERSACK_TOKEN" } }] },
      "model_unavailable",
      /HAVERSACK_TOKEN is not set/,
    ],
    [
      "with a sandbox that is not there",
      { config: { sandbox: "auto" } },
      "sandbox_unavailable",
      /write "sandbox: none"/,
    ],
    ["with a tool that is not there", { config: { tools: ["fetch"] } }, "tool_unavailable", /"fetch"/],
    [
      "with a schema that cannot be checked",
      { schema: { type: "nonsense" } },
      "bad_output_schema",
      /output schema/,
    ],
    [
      "with a damaged pack",
      { damage: (bytes: Uint8Array) => bytes.fill(0, 40, 60) },
      "snapshot_corrupt",
      /./,
    ],
    [
      "that forgets its output",
      { schema, script: [{ text: "done" }, { text: "really" }] },
      "output_missing",
      /really/,
    ],
    [
      "that never ends",
      {
        config: { limits: { ...config.limits, maxTurns: 1 } },
        script: [{ calls: [["bash", { command: "true" }]] }],
      },
      "turn_limit",
      /maxTurns/,
    ],
  ] as [string, Partial<Setup>, string, RegExp][])("fails %s", async (_name, setup, code, message) => {
    const { end } = await run({ script: [], ...setup });
    expect(end.outcome).toBe("failed");
    expect(end.failure?.code).toBe(code);
    expect(end.failure?.message).toMatch(message);
  });

  test("fetches a damaged pack once more", async () => {
    const { end, fetched } = await run({
      script: [{ text: "hello" }],
      damage: (bytes, time) => (time === 1 ? bytes.fill(0, 40, 60) : bytes),
    });
    expect([end.outcome, fetched]).toEqual(["succeeded", 2]);
  });

  test("hands back a pack of another version", async () => {
    const { end } = await run({ script: [], formatVersion: 99 });
    expect([end.outcome, end.failure?.code]).toEqual(["returned", "snapshot_version_unsupported"]);
  });

  test("opens a pack within the limits of its worker", async () => {
    const limit = (size: string) =>
      run({
        script: [{ text: "hello" }],
        hostEnv: [["HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED", size]],
      });
    const { end } = await limit("1KiB");
    expect([end.outcome, end.failure]).toEqual([
      "failed",
      { code: "snapshot_too_large", message: expect.stringContaining("over the limit of 1.0 KiB") },
    ]);
    expect((await limit("64KiB")).end.outcome).toBe("succeeded");
  });

  test.each([
    [
      "while a tool runs",
      [{ calls: [["bash", { command: "setsid sleep 600 & sleep 600" }]] }],
      /bash setsid/,
    ],
    ["while the model is silent", [{ calls: [["bash", { command: "true" }]] }, { silent: true }], /bash: ok/],
  ] as [string, Setup["script"], RegExp][])(
    "is stopped %s, with everything that it started",
    async (_name, script, line) => {
      const { end, work } = await run({ script, stopAt: { line, stop: new StopRequest("cancelled", 2000) } });
      expect(end.outcome).toBe("cancelled");
      expect(end.usage?.turns).toBe(1);
      const left = listProcesses().filter((row) =>
        carriesMarker(row.pid, `HAVERSACK_SKILLS=${join(work, "../control/skills")}`),
      );
      expect(left).toEqual([]);
      expect(await readdir(work)).toEqual([]);
    },
  );
});
