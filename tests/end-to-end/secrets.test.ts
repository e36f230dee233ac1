/**
 * Canaries: secrets that a step prints in every way it can, and that an agent uses and says, stand nowhere afterwards. A
 * value that is no secret goes the same ways, and is found in each of them: the search can fail.
 */

import { randomBytes } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execPath, platform } from "node:process";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FakeModel, startFakeModel } from "../../packages/worker/src/testing/fake-model.ts";
import { commandLinesWith, filesWith, holds, tablesWith, writtenForms } from "../support/canaries.ts";
import { Fleet, haversack, noSignal } from "../support/fleet.ts";
import { tempFolder } from "../support/temp-folder.ts";

const canary = (name: string): string => `${name}/${randomBytes(24).toString("base64")}'"% &$x`;
const values = {
  "run-token": canary("run"),
  "tool-token": canary("tool"),
  "model-key": randomBytes(30).toString("base64url"),
};
const ofHost = canary("host");
const control = canary("control");
const forms = [...Object.values(values), ofHost].flatMap(writtenForms);
const controlForms = writtenForms(control);

let fleet: Fleet;
let model: FakeModel;
let home: Awaited<ReturnType<typeof tempFolder>>;
let go: string;

const cli = (...args: string[]) => haversack([...args, "--data", fleet.data]);

async function library(): Promise<string> {
  const folder = join(home.path, "agents");
  await mkdir(join(folder, "models"), { recursive: true });
  const lines = [
    "name: Fake",
    "provider: openai-compatible",
    "baseURL: { env: HAVERSACK_MODEL_URL }",
    "apiKey: { secret: model-key }",
    "model: fake",
    "contextWindow: 100000",
    "maxOutputTokens: 1000",
  ];
  await writeFile(join(folder, "models/fake.yaml"), `${lines.join("\n")}\n`);
  const config = "version: 1\nmodel: [fake]\nsandbox: none\npermissions: { default: allow }\n";
  await writeFile(join(folder, "config.yaml"), config);
  return folder;
}

beforeAll(async () => {
  home = await tempFolder("haversack-canary");
  go = join(home.path, "go");
  const said = `I was given ${values["tool-token"]} and my key ${values["model-key"]}, not ${control}.`;
  model = await startFakeModel([
    {
      calls: [["bash", { command: 'echo "$TOOL_TOKEN" | base64; printenv; echo "$CONTROL" | tr -d "\\n"' }]],
    },
    { text: said },
  ]);
  fleet = await Fleet.start({ agents: await library() });
  const env = { HAVERSACK_MODEL_URL: model.url, HOST_KEY: ofHost };
  await fleet.startWorker("w", [], env);
  for (const [name, value] of Object.entries(values)) {
    const file = join(home.path, "value");
    await writeFile(file, `${value}\n`);
    expect(await cli("secret", "set", name, "--from-file", file)).toMatchObject({ code: 0 });
  }
});

afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

const script = `
    say() {
      echo "plain $1"; printf '%s' "$1" | base64 -w0; echo; printf 'u%s' "$1" | base64 -w0; echo
      printf 'us%s' "$1" | base64 -w0; echo; printf '%s' "$1" | od -An -v -tx1 | tr -d ' \\n'; echo
      "$NODE" -e 'const v = process.argv.length > 1 ? "" : process.env.SAID; console.log(JSON.stringify({ v }));
        const url = encodeURIComponent(v); console.log(url, url.replace(/%../g, (code) => code.toLowerCase()));
        console.log(new URLSearchParams({ v }).toString());
        console.log(Buffer.from(v).toString("base64url"))'
      for ((at = 0; at < \${#1}; at++)); do printf '%s' "\${1:at:1}"; done; echo
      printf '%q\\n' "$1"; (set -x; : "$1")
    }
    SAID=$RUN_TOKEN; export SAID; say "$RUN_TOKEN"; SAID=$HOST; say "$HOST"; SAID=$CONTROL; say "$CONTROL"
`;

const dag = (): string => `
name: canaries
env: { NODE: ${JSON.stringify(execPath)}, CONTROL: ${JSON.stringify(control)} }
secrets: { RUN_TOKEN: run-token, HOST: { env: HOST_KEY } }
steps:
  - id: say
    run: |${script.trimEnd().replaceAll("\n", "\n  ")}
  - id: hold
    depends: [say]
    run: bash -c 'while [ ! -e ${go} ]; do sleep 0.05; done' "$CONTROL"
  - id: fail
    run: echo "refused $RUN_TOKEN $CONTROL" >&2; exit 3
  - id: give
    run: echo "token=$RUN_TOKEN" >> "$HAVERSACK_OUTPUT"
    outputs: [token]
  - id: name
    run: mkdir -p out; touch "out/$(printf %s "$RUN_TOKEN" | od -An -v -tx1 | tr -d ' \\n')"
    artifacts: ["out/*"]
  - id: agent
    secrets: [tool-token]
    agent: { prompt: Say it., tools: [bash] }
`;

describe.skipIf(platform !== "linux")("secrets that were used by commands and an agent", () => {
  test("stand in no file, no table, no event, no answer and no command line", async () => {
    const run = await fleet.submit(dag());
    // As long as the step holds, its control value can be seen by everybody on the machine.
    while (commandLinesWith(controlForms).length === 0) await setImmediate();
    expect(commandLinesWith(forms)).toEqual([]);
    await writeFile(go, "");
    const { run: ended } = await fleet.finished(run.id);
    const steps = new Map(ended.steps.map((step) => [String(step.id), step]));
    const failures = [...steps].map(([id, { phase, failure }]) => `${id} ${failure?.code ?? phase}`);
    expect(failures.toSorted()).toEqual([
      "agent succeeded",
      "fail exit_code",
      "give secret_in_output",
      "hold succeeded",
      "name secret_in_output",
      "say succeeded",
    ]);
    expect(model.requests[0]?.headers["authorization"]).toBe(`Bearer ${values["model-key"]}`);
    const heard = JSON.stringify(model.requests.map(({ body, messages }) => [body, messages]));
    expect(holds(Buffer.from(heard), [values["tool-token"], ...writtenForms(values["tool-token"])])).toBe(
      false,
    );

    const client = await fleet.client();
    const events: unknown[] = [];
    for await (const event of client.watch(run.id, 0, noSignal)) events.push(event);
    const shown: Record<string, string> = {
      logs: (await cli("logs", run.id)).stdout,
      show: (await cli("show", run.id, "--json")).stdout,
      events: JSON.stringify(events),
      secrets: (await cli("secret", "list", "--json")).stdout,
    };
    for (const [where, text] of Object.entries(shown))
      expect([where, holds(Buffer.from(text), forms)]).toEqual([where, false]);
    expect(shown["logs"]).toContain("[secret]");
    for (const where of ["logs", "show", "events"])
      expect([where, holds(Buffer.from(shown[where] ?? ""), controlForms)]).toEqual([where, true]);
    for (const form of controlForms.slice(0, -1))
      expect([form, shown["logs"]?.includes(form)]).toEqual([form, true]);

    const databases = (await readdir(fleet.data)).filter((name) => name.endsWith(".db"));
    const found = databases.flatMap((name) => tablesWith(join(fleet.data, name), controlForms));
    expect(found).toEqual(expect.arrayContaining(["dag", "event"]));
    expect(databases.flatMap((name) => tablesWith(join(fleet.data, name), forms))).toEqual([]);
    expect(filesWith(fleet.folder, forms)).toEqual([]);
    expect(filesWith(fleet.folder, controlForms).length).toBeGreaterThan(0);
    expect(fleet.coordinator?.stderr).toContain("secrets handed out");
    expect(holds(Buffer.from(fleet.coordinator?.stderr ?? ""), forms)).toBe(false);
  });
});

describe("a secret", () => {
  test("is refused at submission when it is not there, and fails its step by name when it is gone by then", async () => {
    const text = (pool: string) =>
      `name: gone\nsteps: [{ id: a, run: x, worker: { pool: ${pool} }, secrets: [passing] }]\n`;
    await expect(fleet.submit(text("late"))).rejects.toThrow('there is no secret "passing"');
    const client = await fleet.client();
    await client.setSecret("passing", Buffer.from("c4nary-passing"), noSignal);
    const { id } = await fleet.submit(text("late"));
    await client.removeSecret("passing", noSignal);
    await fleet.startWorker("late", ["--label", "pool=late"]);
    const { run } = await fleet.finished(id);
    expect(run.steps[0]?.failure).toEqual({
      code: "unknown_secret",
      message: 'there is no secret "passing"; haversack secret set passing',
    });
  });

  test("comes to a step whose coordinator was restarted in between", async () => {
    const client = await fleet.client();
    await client.setSecret("kept", Buffer.from("c4nary-kept"), noSignal);
    const wait = join(home.path, "restarted");
    const dagText = `name: kept
steps:
  - { id: first, run: "while [ ! -e ${wait} ]; do sleep 0.05; done" }
  - { id: then, depends: [first], secrets: [kept], run: 'test "$KEPT" = c4nary-kept' }
`;
    const { id } = await fleet.submit(dagText);
    await fleet.step(id, "first", "running");
    await fleet.killCoordinator();
    await fleet.startCoordinator();
    await writeFile(wait, "");
    expect((await fleet.finished(id)).run.status).toBe("succeeded");
  });
});
