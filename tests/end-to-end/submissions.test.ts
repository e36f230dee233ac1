/** What a submission brings along and is found by: dotenv files, labels, converted DAGs, and DAGs of many steps. */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Fleet, haversack, noSignal } from "../support/fleet.ts";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start();
  await fleet.startWorker("w");
});

afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
});

const cli = (...args: string[]) => haversack([...args, "--data", fleet.data]);

/** The ids of the runs that a list has. */
async function listed(...options: string[]): Promise<string[]> {
  const { stdout } = await cli("runs", "--json", ...options);
  return (JSON.parse(stdout) as { runs: { id: string }[] }).runs.map(({ id }) => id);
}

const dag = `name: greeting
dotenv: [.env, { path: local.env, optional: true }]
env: { PLACE: here }
labels: { team: data, name: "\${{ params.who }}" }
params: { who: { type: string, default: you } }
steps:
  - id: greet
    run: printf 'said=%s %s %s\\n' "$WORD" "$NAME" "$PLACE" >> "$HAVERSACK_OUTPUT"
    env: { NAME: "\${{ params.who }}" }
    outputs: [said]
`;

test("variables of dotenv files reach the steps of a run, and of a stored DAG when they are gone", async () => {
  const folder = join(fleet.folder, "dotenv");
  await mkdir(folder);
  const file = join(folder, "greeting.yaml");
  await writeFile(file, dag);
  const missing = await cli("run", file);
  expect(missing).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('greeting.yaml:2:10: dotenv[0]: there is no file ".env"'),
  });
  await writeFile(join(folder, ".env"), "WORD=hello\nPLACE=nowhere\n");
  const said = async (id: string): Promise<unknown> =>
    (await fleet.finished(id as never)).run.steps[0]?.outputs;
  const first = (await cli("run", file, "--label", "ticket=42", "--label", "team=web")).stdout.trim();
  expect(await said(first)).toEqual({ said: "hello you here" });
  expect((await cli("dag", "put", file)).code).toBe(0);
  await writeFile(join(folder, ".env"), "WORD=bye\n");
  const second = (await cli("run", "--dag", "greeting", "-p", "who=world")).stdout.trim();
  expect(await said(second)).toEqual({ said: "hello world here" });
  await writeFile(join(folder, ".env"), `WORD=ghp_${"a1B2c3".repeat(6)}\n`);
  expect(await cli("dag", "put", file)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("looks like a secret"),
  });

  expect(await listed("--label", "team=data")).toEqual([second]);
  expect(await listed("--label", "team=web", "--label", "ticket=42")).toEqual([first]);
  expect(await listed("--label", "name=world", "--dag", "greeting", "--since", "1h")).toEqual([second]);
  expect(await listed("--until", "2000-01-01")).toEqual([]);
  expect((await cli("show", first)).stdout).toContain("labels     team=web, name=you, ticket=42");
  const retry = await cli("retry", first, "--from", "greet");
  expect(retry.code).toBe(0);
  expect(await listed("--retry-of", first)).toEqual(
    await listed("--trigger", "retry", "--label", "ticket=42"),
  );
});

test("pages of a list go on where they ended", async () => {
  const all = await listed();
  expect(all.length).toBeGreaterThanOrEqual(3);
  const pages: string[] = [];
  for (let next: string | undefined = ""; next !== undefined; ) {
    const page = await cli("runs", "--json", "-n", "1", ...(next === "" ? [] : ["--page", next]));
    const read = JSON.parse(page.stdout) as { runs: { id: string }[]; next?: string };
    pages.push(...read.runs.map(({ id }) => id));
    next = read.next;
  }
  expect(pages).toEqual(all);
  expect(await cli("runs", "--page", "nonsense")).toMatchObject({ code: 2 });
});

test("a DAG of Dagu runs as it did, once it is converted", async () => {
  const old = join(fleet.folder, "old.yaml");
  const converted = join(fleet.folder, "new.yaml");
  await writeFile(
    old,
    `params: "WHO=world TIMES=2"
env: [{ GREETING: "hello \${WHO}" }]
steps:
  - name: count things
    command: echo "$TIMES"
    output: COUNT
  - name: only on demand
    command: echo never
    preconditions: [{ condition: $WHO, expected: somebody else }]
    continueOn: { skipped: true }
  - name: say
    script: |
      #!/usr/bin/env bash
      echo "$GREETING $COUNT times"
    output: SAID
`,
  );
  expect(await haversack(["dag", "convert", old, "-o", converted])).toMatchObject({ code: 0, stderr: "" });
  const { id } = await fleet.submit(await readFile(converted, "utf8"));
  const { run } = await fleet.finished(id);
  expect(run.steps.map((step) => [step.id, step.phase])).toEqual([
    ["count-things", "succeeded"],
    ["only-on-demand", "skipped"],
    ["say", "succeeded"],
  ]);
  expect(run.steps[2]?.outputs).toEqual({ SAID: "hello world 2 times" });
});

test("a run of 12,000 steps is told whole, in several answers, and can be cancelled", async () => {
  const width = 12_000;
  const steps = Array.from(
    { length: width },
    (_, index) => `  - { id: s${index}, run: "true", depends: [gate] }`,
  );
  const gate = "  - { id: gate, run: sleep 600 }";
  const client = await fleet.client();
  const submission = {
    dag: `name: wide\nsteps:\n${gate}\n${steps.join("\n")}\n`,
    fileName: "wide.yaml",
    params: {},
    idempotencyKey: "",
  };
  const { run } = await client.submit(submission, noSignal);
  expect(run.steps).toHaveLength(width + 1);
  expect(run.steps.map(({ id }) => id)).toEqual(["gate", ...steps.map((_, index) => `s${index}`)]);
  expect((await client.cancel(run.id, noSignal)).steps.at(-1)?.phase).toBe("cancelled");
});

test("an answer without steps tells the run alone; a repetition of it may ask for them", async () => {
  const text =
    "name: plain\nsteps:\n  - { id: a, run: x, worker: { nobody: here } }\n  - { id: b, run: x, depends: [a] }\n";
  const client = await fleet.client();
  const submission = { dag: text, fileName: "plain.yaml", params: {}, idempotencyKey: "plain" };
  const { run } = await client.submit({ ...submission, withoutSteps: true }, noSignal);
  expect(run).toMatchObject({ dagName: "plain", status: "queued", steps: [] });
  const again = await client.submit(submission, noSignal);
  expect(again).toMatchObject({ existed: true, run: { id: run.id, steps: [{ id: "a" }, { id: "b" }] } });
});
