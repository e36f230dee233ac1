import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../../tests/support/temp-folder.ts";
import { config, key, model, pack } from "../../testing/agent-world.ts";
import { startFakeModel } from "../../testing/fake-model.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

interface World {
  readonly folder: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Undefined: there is none. */
  readonly pack?: Uint8Array;
  readonly secrets?: Readonly<Record<string, string>>;
}

interface Served extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly url: string;
  readonly lines: string[];
  post(body: unknown, headers?: Record<string, string>): Promise<{ status: number; body: Answer }>;
}

interface Answer {
  readonly text?: string;
  readonly output?: object;
  readonly usage?: { readonly turns: number; readonly toolCalls: number };
  readonly error?: { readonly code: string; readonly message: string };
}

const thinks = { ...config, tools: ["output", "read", "think", "write"] };

async function start({
  folder,
  args = [],
  env = {},
  pack: bytes,
  secrets = {},
}: World): Promise<ChildProcess> {
  const run = join(folder, "run");
  await mkdir(join(run, "secrets"), { recursive: true });
  if (bytes !== undefined) await writeFile(join(run, "snapshot.pack"), bytes);
  for (const [name, value] of Object.entries(secrets)) await writeFile(join(run, "secrets", name), value);
  return spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      HOST: "127.0.0.1",
      PORT: "0",
      HAVERSACK_RUN_FOLDER: run,
      HAVERSACK_WORK_FOLDER: join(folder, "work"),
      ...env,
    },
  });
}

async function serve(world: World): Promise<Served> {
  const child = await start(world);
  const lines: string[] = [];
  const listening = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      const [, url] = /^agent server at (\S+): /.exec(line) ?? [];
      if (url !== undefined) listening.resolve(url);
    });
  }
  child.once("close", () => listening.reject(new Error(lines.join("\n"))));
  const url = await listening.promise;
  return {
    child,
    url,
    lines,
    async post(body, headers = { "content-type": "application/json" }) {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const response = await fetch(`${url}/v1/turns`, { method: "POST", body: text, headers });
      return { status: response.status, body: (await response.json()) as Answer };
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    },
  };
}

/** What it says on standard error, and how it ends. */
async function refusal(world: World): Promise<{ code: number | null; said: string }> {
  const child = await start(world);
  let said = "";
  child.stderr?.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said };
}

describe("a rehearsal, without a network", () => {
  test("is healthy, runs a turn with a tool, and ends on SIGTERM", async () => {
    await using folder = await tempFolder();
    await using served = await serve({
      folder: folder.path,
      args: ["--rehearsal"],
      pack: pack({ config: thinks }).gzip,
    });
    const health = await fetch(`${served.url}/healthz`);
    expect([health.status, await health.json()]).toMatchObject([200, { agent: { models: ["rehearsal"] } }]);
    const { status, body } = await served.post({ prompt: "Say hello." });
    expect([status, body.usage]).toMatchObject([200, { turns: 2, toolCalls: 1 }]);
    expect(body.text).toContain("I was asked: Say hello.");
    expect(await readdir(join(folder.path, "work"))).toEqual(["work"]);
    const ended = once(served.child, "close");
    served.child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  test("gives an output that fits a plain schema", async () => {
    await using folder = await tempFolder();
    await using served = await serve({
      folder: folder.path,
      env: { HAVERSACK_REHEARSAL: "1" },
      pack: pack({}).gzip,
    });
    const output = {
      type: "object",
      properties: { word: { type: "string" }, times: { type: "integer" } },
      required: ["word", "times"],
    };
    expect(await served.post({ prompt: "Count.", output })).toMatchObject({
      status: 200,
      body: { output: { word: "rehearsal", times: 0 } },
    });
  });
});

describe("a real model on the wire", () => {
  const script = [
    { calls: [["write", { path: "note.txt", content: "hi" }]] as const },
    { text: `the key is ${key}, the other ${"a".repeat(20)}` },
  ];

  test("is asked with the secret of the container, which nobody hears", async () => {
    await using folder = await tempFolder();
    await using wire = await startFakeModel(script);
    await using served = await serve({
      folder: folder.path,
      env: { HAVERSACK_MODEL_URL: wire.url },
      pack: pack({}).gzip,
      secrets: { FAKE_API_KEY: key, UNRELATED: "a".repeat(20) },
    });
    const { body } = await served.post({ prompt: "Write a note." });
    expect(wire.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
    expect(body.text).toContain("the key is");
    expect(`${JSON.stringify(body)}${served.lines.join("\n")}`).not.toMatch(new RegExp(`${key}|a{20}`));
    expect(await readdir(join(folder.path, "work", "work"))).toEqual(["note.txt"]);
  });

  test("is offered no tool to write memory, though the snapshot allows it", async () => {
    await using folder = await tempFolder();
    await using wire = await startFakeModel([{ text: "done" }]);
    const memory = {
      read: ["dag" as const],
      write: { global: "none" as const, dag: "append" as const },
      dag: "d",
    };
    await using served = await serve({
      folder: folder.path,
      env: { HAVERSACK_MODEL_URL: wire.url, FAKE_API_KEY: key },
      pack: pack({ config: { memory } }).gzip,
    });
    await served.post({ prompt: "Remember." });
    const tools = wire.requests[0]?.body.tools?.map((tool) => tool.function.name);
    expect(tools).toContain("read");
    expect(tools).not.toContain("memory");
    expect(JSON.stringify(wire.requests[0]?.messages)).toContain("The sky is blue");
  });

  test("that says nothing is given up on SIGTERM, and the client is told", async () => {
    await using folder = await tempFolder();
    await using wire = await startFakeModel([{ silent: true }]);
    await using served = await serve({
      folder: folder.path,
      env: { HAVERSACK_MODEL_URL: wire.url, FAKE_API_KEY: key, HAVERSACK_TURNS_MAX: "1" },
      pack: pack({}).gzip,
    });
    const waiting = served.post({ prompt: "Wait." });
    while (wire.requests.length === 0) await fetch(`${served.url}/healthz`);
    expect(await served.post({ prompt: "Me too." })).toMatchObject({
      status: 429,
      body: { error: { code: "busy" } },
    });
    const ended = once(served.child, "close");
    served.child.kill("SIGTERM");
    expect(await waiting).toMatchObject({ status: 503, body: { error: { code: "agent_stopped" } } });
    expect(await ended).toEqual([0, null]);
  });
});

describe("without a snapshot", () => {
  test("it is healthy, and has no agent", async () => {
    await using folder = await tempFolder();
    await using served = await serve({ folder: folder.path });
    expect(await (await fetch(`${served.url}/healthz`)).json()).toEqual({ status: "ok", agent: null });
    expect(await served.post({ prompt: "Hello?" })).toMatchObject({
      status: 409,
      body: { error: { code: "no_agent" } },
    });
  });

  test("what is not there is said so", async () => {
    await using folder = await tempFolder();
    await using served = await serve({ folder: folder.path });
    for (const [method, path, status, code] of [
      ["GET", "/v1/turns", 405, "bad_method"],
      ["POST", "/healthz", 405, "bad_method"],
      ["GET", "/", 404, "not_found"],
    ] as const) {
      const response = await fetch(`${served.url}${path}`, { method });
      expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
    }
  });
});

test("what is no turn is refused, and says what is wrong", async () => {
  await using folder = await tempFolder();
  await using served = await serve({ folder: folder.path, args: ["--rehearsal"], pack: pack({}).gzip });
  const cases: [unknown, Record<string, string> | undefined, number, RegExp][] = [
    ["{", undefined, 400, /no JSON/],
    [{ prompt: 1 }, undefined, 400, /prompt: .*string/],
    [{ prompt: "x", more: 1 }, undefined, 400, /more/],
    [{ prompt: "x" }, { "content-type": "text/plain" }, 415, /application\/json/],
    [{ prompt: "x".repeat(1024 * 1024) }, undefined, 413, /1048576 bytes/],
    [{ prompt: "x", output: { type: "no" } }, undefined, 400, /schema/],
  ];
  for (const [body, headers, status, message] of cases) {
    const answered = await served.post(body, headers);
    expect([answered.status, answered.body.error?.message]).toEqual([status, expect.stringMatching(message)]);
  }
});

describe("a container that cannot do a single turn ends at once and says why", () => {
  test.each([
    [
      "a pack that is none",
      { pack: Buffer.from("no pack at all, but long enough for one") },
      /not a gzip|gzip/,
    ],
    [
      "another pack than expected",
      { pack: pack({}).gzip, env: { HAVERSACK_SNAPSHOT_DIGEST: "sha256:00" } },
      /says sha256:00/,
    ],
    ["no pack where one is expected", { env: { HAVERSACK_SNAPSHOT_DIGEST: "sha256:00" } }, /is not there/],
    ["no key for its only model", { pack: pack({ models: [model] }).gzip }, /FAKE_API_KEY/],
    ["a bad port", { env: { PORT: "http" } }, /PORT: expected a whole number/],
    ["a flag that it does not know", { args: ["--rehearse"] }, /there is --rehearsal/],
  ])("%s", async (_case, world, message) => {
    await using folder = await tempFolder();
    expect(await refusal({ folder: folder.path, ...world })).toEqual({
      code: 1,
      said: expect.stringMatching(message),
    });
  });
});
