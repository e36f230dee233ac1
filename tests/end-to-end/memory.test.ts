/** Memory on its way round: an agent's tool, a result, the store, the next agent's prompt, and a person in between. */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonValue, RunDetail } from "@haversack/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type FakeAnswer,
  type FakeModel,
  type FakeRequest,
  startFakeModel,
} from "../../packages/worker/src/testing/fake-model.ts";
import { Fleet, haversack } from "../support/fleet.ts";
import { tempFolder } from "../support/temp-folder.ts";

let model: FakeModel;
let library: Awaited<ReturnType<typeof tempFolder>>;
let fleet: Fleet;

beforeAll(async () => {
  model = await startFakeModel(Array.from({ length: 200 }, () => obey));
  library = await tempFolder();
  await mkdir(join(library.path, "models"));
  await mkdir(join(library.path, "memory/dags/notes"), { recursive: true });
  const file = (path: string, text: string) => writeFile(join(library.path, path), text);
  await file("config.yaml", "version: 1\nmodel: fake\nsandbox: none\nonAsk: fail\n");
  await file("models/fake.yaml", `provider: openai-compatible\nmodel: fake\nbaseURL: ${model.url}\n`);
  await file("memory/dags/notes/MEMORY.md", "- Written by a person\n");
  fleet = await Fleet.start({ agents: library.path });
  await fleet.startWorker("w", ["--slots", "4"]);
});

afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await library[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
});

/** The prompt is what the model does: a JSON list of calls of the tool `memory`. Then it is done. */
function obey({ messages }: FakeRequest): FakeAnswer {
  const prompt = messages.find(({ role }) => role === "user")?.content ?? "[]";
  const calls = JSON.parse(prompt) as JsonValue[];
  if (calls.length === 0 || messages.some(({ role }) => role === "tool")) return { text: "done" };
  return { calls: calls.map((input) => ["memory", input] as const) };
}

/** What the agent with this prompt was told in its system text. */
function told(prompt: JsonValue[]): string {
  const text = JSON.stringify(prompt);
  const request = model.requests.findLast(({ messages }) => messages.some(({ content }) => content === text));
  return request?.messages.find(({ role }) => role === "system")?.content ?? "";
}

const step = (id: string, calls: JsonValue[], more = ""): string => `
  - id: ${id}
    ${more}
    agent:
      prompt: '${JSON.stringify(calls)}'
      memory: { read: [dag], write: { dag: append } }`;

async function run(...steps: string[]): Promise<RunDetail> {
  const { id } = await fleet.submit(`name: notes\nsteps:${steps.join("")}\n`);
  return (await fleet.finished(id)).run;
}

const cli = (...args: string[]) => haversack([...args, "--data", fleet.data]);
const add = (text: string) => ({ action: "add", text });
const entries = async () => {
  const { stdout } = await cli("memory", "show", "notes", "--json");
  return (JSON.parse(stdout) as { entries: { id: string; text: string }[] }).entries;
};

describe("what an agent notes down", () => {
  test("stands in the prompt of the next step that reads the scope, beside what a person wrote", async () => {
    const reading = [{ action: "view" }];
    const ended = await run(
      step("write", [add("Java 17 is needed"), add("CI runs on arm64")]),
      step("read", reading, "depends: [write]"),
    );
    expect([ended.status, ended.steps[0]?.memory]).toEqual(["succeeded", { applied: 2, inReview: 0 }]);
    expect(told(reading)).toContain("- Written by a person");
    expect(told(reading)).toMatch(/- \[[\w-]+\] Java 17 is needed\n- \[[\w-]+\] CI runs on arm64/);
    const { stdout } = await cli("snapshot", "inspect", `${ended.id}/read`, "--json");
    expect(stdout).toContain("agent-notes.md");
  });

  test("of a step that fails is nowhere", async () => {
    const calls = [add("never to be seen")];
    const { id } = await fleet.submit(`
name: notes
steps:${step("write", calls)}
      output: { type: object, required: [x], properties: { x: { type: string } } }
      limits: { maxTurns: 2 }
`);
    expect((await fleet.finished(id)).run.status).toBe("failed");
    expect(JSON.stringify(await entries())).not.toContain("never to be seen");
  });
});

describe("two agents that rewrite one note at once", () => {
  test("one wins, the other waits for a person, who decides at the command line", async () => {
    await run(step("seed", [add("The port is 80")]));
    const seed = (await entries()).find(({ text }) => text === "The port is 80");
    const update = (text: string) => [{ action: "update", entry: seed?.id ?? "", text }];
    const ended = await run(step("a", update("The port is 81")), step("b", update("The port is 82")));
    expect(ended.status).toBe("succeeded");
    expect(new Set(ended.steps.map(({ memory }) => memory?.inReview))).toEqual(new Set([0, 1]));
    const after = (await entries()).find(({ id }) => id === seed?.id)?.text;
    const loser = after === "The port is 81" ? "The port is 82" : "The port is 81";

    const listed = await cli("memory", "review", "notes", "--json");
    const { reviews } = JSON.parse(listed.stdout) as { reviews: { id: string }[] };
    const [review] = reviews;
    expect(review).toMatchObject({ reason: "conflict", current: after });
    const shown = await cli("memory", "review");
    expect(shown.stdout).toContain(loser);
    expect((await cli("show", ended.id)).stdout).toContain("1 waits for review");

    expect(await cli("memory", "review", "--accept", review?.id ?? "")).toMatchObject({ code: 0 });
    expect((await entries()).find(({ id }) => id === seed?.id)?.text).toBe(loser);
    expect((await cli("memory", "review")).stdout).not.toContain(loser);

    const log = await cli("memory", "log", "notes");
    expect(log.stdout).toContain(ended.id);
    expect(await cli("memory", "revert", "notes", "1")).toMatchObject({ code: 0 });
    expect((await entries()).map(({ text }) => text)).toEqual(["Java 17 is needed", "CI runs on arm64"]);
    expect((await cli("memory", "list")).stdout).toContain("dags/notes");
  });
});

test("memory survives the coordinator's sudden death", async () => {
  const before = await entries();
  await fleet.killCoordinator();
  await fleet.startCoordinator();
  expect(await entries()).toEqual(before);
});
