import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodes } from "../exit-codes.ts";
import { runProgram } from "../program.ts";
import { fakeClient } from "../testing/fake-client.ts";
import { fakeOutside } from "../testing/fake-outside.ts";

const goldenAgents = join(import.meta.dirname, "../../../snapshot/vectors/v1/agents");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haversack-cli-"));
  cpSync(goldenAgents, join(folder, "agents"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function agents(args: string, env: NodeJS.ProcessEnv = {}) {
  const outside = fakeOutside({ cwd: folder, env });
  const code = await runProgram(["agents", ...args.split(" ")], outside, () => fakeClient({}));
  return { code, ...outside.written };
}

const brokenProfile = "---\nname: other\ndescription: x\nskills: [release-note]\n---\n";
const brokenSkill = "---\nname: release-notes\ndescription: x\nextra: 1\n---\n[x](gone.md)\n";

describe("haversack agents validate", () => {
  test("says what is in a sound library", async () => {
    expect(await agents("validate agents")).toEqual({
      code: exitCodes.ok,
      out: "agents is valid: 2 models, 1 profile, 1 skill, 1 soul, 1 MCP server\n",
      err: "",
    });
    expect(JSON.parse((await agents("validate --agents agents --json")).out)).toEqual({
      valid: true,
      problems: [],
      advice: [],
    });
  });

  test("finds the examples sound without being told where they are", async () => {
    expect(await agents("validate")).toMatchObject({ code: exitCodes.ok });
  });

  test("tells every problem with file, line, column and field, and what it advises", async () => {
    writeFileSync(join(folder, "agents/profiles/other.md"), brokenProfile);
    writeFileSync(join(folder, "agents/skills/release-notes/SKILL.md"), brokenSkill);
    const { code, out, err } = await agents("validate agents");
    expect({ code, out }).toEqual({ code: exitCodes.invalid, out: "" });
    expect(err).toBe(`\
agents/skills/release-notes/SKILL.md:6:5: links to "gone.md", which is not in the skill's folder
agents/profiles/other.md:4:10: skills[0]: the library has no skill "release-note" (named by profile other); did you mean "release-notes"?
advice: agents/skills/release-notes/SKILL.md:4:1: extra: is a key that the skills specification does not know
agents has 2 problems
`);
    expect(JSON.parse((await agents("validate agents --json")).out)).toEqual({
      valid: false,
      problems: [
        expect.objectContaining({ line: 6, column: 5, code: "invalid_skill" }),
        {
          file: "agents/profiles/other.md",
          line: 4,
          column: 10,
          field: "skills[0]",
          code: "unknown_skill",
          message: expect.stringContaining("release-note"),
        },
      ],
      advice: [expect.objectContaining({ field: "extra", line: 4 })],
    });
  });

  test("never lets a library move the cursor", async () => {
    writeFileSync(join(folder, "agents/models/main.yaml"), '"\\e[2Jx": 1\n');
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    expect((await agents("validate agents")).err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  test("knows the operator's model and limits", async () => {
    expect(await agents("validate agents --model nope")).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining('the library has no model "nope" (named by the operator)'),
    });
    const tight = { HAVERSACK_SNAPSHOT_MAX_UNCOMPRESSED: "513KiB" };
    expect(await agents("validate agents", tight)).toMatchObject({
      code: exitCodes.invalid,
      err: expect.stringContaining("agents/profiles/release-writer.md: the snapshot has 2.6 KiB"),
    });
  });

  test("a folder that is not there, or is a file, is no empty library", async () => {
    writeFileSync(join(folder, "file"), "");
    for (const name of ["nowhere", "file"]) {
      expect(await agents(`validate ${name}`)).toMatchObject({
        code: exitCodes.missing,
        err: expect.stringContaining(`there is no folder ${name}`),
      });
      expect((await agents(`list ${name}`)).code).toBe(exitCodes.missing);
    }
  });
});

describe("haversack agents list", () => {
  test("shows the items of each kind with their sizes", async () => {
    const { code, out, err } = await agents("list agents");
    expect({ code, err }).toEqual({ code: exitCodes.ok, err: "" });
    for (const row of [
      /^SECTION +ID +SIZE +FILES +ABOUT$/m,
      /^models +main +\d+ B +1 +anthropic claude-sonnet-4-6$/m,
      /^profiles +release-writer +\d+ B +1 +Writes release notes from git history$/m,
      /^skills +release-notes +\d+ B +3 +Turns a commit range into release notes$/m,
      /^souls +engineer /m,
      /^mcpServers +github +\d+ B +1 +http$/m,
      /^memory +dags\/nightly-release +\d+ B +2 /m,
    ])
      expect(out).toMatch(row);
  });

  test("leaves out what is broken, and says so", async () => {
    writeFileSync(join(folder, "agents/souls/engineer.md"), "x".repeat(20_001));
    const { code, out, err } = await agents("list agents --json");
    const { items, problems } = JSON.parse(out) as { items: { section: string }[]; problems: object[] };
    expect({ code, err }).toEqual({ code: exitCodes.invalid, err: "" });
    expect(items.filter(({ section }) => section === "souls")).toEqual([]);
    expect(problems).toEqual([expect.objectContaining({ code: "invalid_soul" })]);
    expect((await agents("list agents")).err).toContain("agents/souls/engineer.md: has 20001 characters");
  });
});

test.each(["validate", "list"])("haversack agents %s explains itself with an example", async (name) => {
  expect((await agents(`${name} --help`)).out).toMatch(/\n {2}\$ haversack agents /);
});
