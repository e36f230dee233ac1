import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DagText, HaversackClient, Submission } from "@haversack/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient, fakeRun } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

const schema = join(import.meta.dirname, "../../../../schemas/dag.schema.json");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function haversack(args: readonly string[], client: Partial<HaversackClient> = {}) {
  const env = { HAVERSACK_URL: "http://127.0.0.1:7420", HAVERSACK_TOKEN: "t" };
  const outside = fakeOutside({ env, cwd: folder });
  const code = await runProgram(args, outside, () => fakeClient(client));
  return { code, ...outside.written };
}

test("haversack dag schema prints the published schema, with no coordinator", async () => {
  const { code, out } = await haversack(["dag", "schema"]);
  expect({ code, out }).toEqual({ code: exitCodes.ok, out: readFileSync(schema, "utf8") });
});

describe("dotenv files", () => {
  const dag = (dotenv: string) => `name: demo\ndotenv: ${dotenv}\nsteps: [{ id: a, run: x }]\n`;
  const sent: (Submission | DagText)[] = [];
  const client: Partial<HaversackClient> = {
    submit: async (submission) => {
      sent.push(submission);
      return { run: fakeRun("run-1"), existed: false };
    },
    validate: async (text) => {
      sent.push(text);
      return [];
    },
  };
  beforeEach(() => {
    sent.length = 0;
    mkdirSync(join(folder, "dags/config"), { recursive: true });
    writeFileSync(join(folder, "dags/.env"), "A=1\n");
    writeFileSync(join(folder, "dags/config/b.env"), "B=2\n");
    writeFileSync(join(folder, "outside.env"), "C=3\n");
  });

  test.each<[string, Record<string, string>]>([
    [".env", { ".env": "A=1\n" }],
    ["[.env, { path: config/b.env, optional: true }]", { ".env": "A=1\n", "config/b.env": "B=2\n" }],
    ["[missing.env, { path: .env }]", { ".env": "A=1\n" }],
    ["../outside.env", {}],
    ["/etc/hostname", {}],
    ["3", {}],
    ["[null, [.env], { path: 3 }]", {}],
  ])("those of %s beside the DAG, and no others, are sent along", async (dotenv, files) => {
    writeFileSync(join(folder, "dags/f.yaml"), dag(dotenv));
    expect((await haversack(["run", "dags/f.yaml", "--label", "team=data"], client)).code).toBe(exitCodes.ok);
    expect((await haversack(["validate", "dags/f.yaml"], client)).code).toBe(exitCodes.ok);
    expect(sent).toMatchObject([{ dotenv: files, labels: { team: "data" } }, { dotenv: files }]);
    expect(sent.map((each) => Object.keys(each.dotenv ?? {}))).toEqual([
      Object.keys(files),
      Object.keys(files),
    ]);
  });

  test("one that is there and cannot be read is told", async () => {
    writeFileSync(join(folder, "dags/f.yaml"), dag("config"));
    const { code, err } = await haversack(["run", "dags/f.yaml"], client);
    expect({ code, err }).toEqual({
      code: exitCodes.invalid,
      err: expect.stringContaining("the dotenv file config cannot be read: "),
    });
    writeFileSync(join(folder, "dags/config/b.env"), new Uint8Array([0x41, 0x3d, 0xff]));
    writeFileSync(join(folder, "dags/f.yaml"), dag("config/b.env"));
    expect((await haversack(["run", "dags/f.yaml"], client)).code).toBe(exitCodes.invalid);
  });
});

describe("haversack dag convert", () => {
  test("prints the DAG, or writes it, with no coordinator", async () => {
    writeFileSync(join(folder, "old.yaml"), "name: Old\nsteps: [echo one, echo two]\n");
    const { code, out } = await haversack(["dag", "convert", "old.yaml"]);
    expect({ code, out }).toEqual({
      code: exitCodes.ok,
      out: expect.stringContaining("# In Dagu: Old\nname: old\n"),
    });
    expect(await haversack(["dag", "convert", "old.yaml", "-o", "new/new.yaml"])).toMatchObject({
      code: 0,
      out: "",
    });
    expect(readFileSync(join(folder, "new/new.yaml"), "utf8")).toBe(out);
  });

  test("tells everything without a counterpart, and prints the rest only when asked", async () => {
    writeFileSync(join(folder, "old.yaml"), "delaySec: 3\nsteps:\n  - { command: x, mailOnError: true }\n");
    const refused = await haversack(["dag", "convert", "old.yaml"]);
    expect(refused).toMatchObject({ code: exitCodes.invalid, out: "" });
    expect(refused.err).toContain("old.yaml:3:19: steps[0].mailOnError: ");
    expect(refused.err).toContain("old.yaml:1:1: delaySec: ");
    const partial = await haversack(["dag", "convert", "old.yaml", "--partial"]);
    expect(partial).toMatchObject({ code: exitCodes.invalid, out: expect.stringContaining("run: x") });
    const json: unknown = JSON.parse((await haversack(["dag", "convert", "old.yaml", "--json"])).out);
    expect(json).toMatchObject({
      converted: false,
      problems: [{ line: 3 }, { line: 1, code: "no_counterpart" }],
    });
  });

  test("what was taken over is checked like a submission", async () => {
    writeFileSync(join(folder, "old.yaml"), "schedule: every day\nsteps: [x]\n");
    const { code, err } = await haversack(["dag", "convert", "old.yaml"]);
    expect({ code, err }).toEqual({
      code: exitCodes.invalid,
      err: expect.stringContaining("schedule: expected five fields"),
    });
    expect((await haversack(["dag", "convert", "none.yaml"])).code).toBe(exitCodes.invalid);
  });
});
