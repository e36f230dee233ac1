import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import { afterEach, describe, expect, test } from "vitest";
import { makeMasker } from "../../mask/masker.ts";
import { makePolicy } from "../policy.ts";
import { bashTool } from "./bash-tool.ts";
import { editTool, readTool, writeTool } from "./file-tools.ts";
import { globTool, grepTool } from "./search-tools.ts";
import { skillTool } from "./skill-tool.ts";
import { Workspace } from "./workspace.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

interface World {
  readonly work: string;
  readonly outside: string;
  readonly skills: string;
  readonly call: (tool: string, input: unknown) => Promise<string>;
}

async function setup(): Promise<World> {
  const base = await realpath(await mkdtemp(join(tmpdir(), "tools-")));
  folders.push(base);
  const [work, skills, outside] = [join(base, "work"), join(base, "skills"), join(base, "outside")];
  for (const folder of [work, join(work, "a"), join(skills, "s", "scripts"), outside])
    await mkdir(folder, { recursive: true });
  await writeFile(join(work, "a", "b.txt"), "one\ntwo\nthree\n");
  await writeFile(join(work, ".env"), "KEY=two");
  await writeFile(join(work, "bin"), Buffer.from([0, 1, 2]));
  await writeFile(join(skills, "s", "SKILL.md"), "two");
  await writeFile(join(skills, "s", "scripts", "x.sh"), '#!/bin/bash\necho "x $1"\n', { mode: 0o755 });
  await writeFile(join(outside, "secret"), "two");
  await symlink(join(outside, "secret"), join(work, "link"));
  await symlink(outside, join(work, "folder-link"));
  await symlink(join(outside, "new"), join(work, "dangling"));
  await symlink(join(outside, "gone"), join(work, "dangling-folder"));
  const workspace = new Workspace(work, skills);
  const policy = makePolicy({ deny: ["read(**/.env*)"], ask: [], allow: [], default: "allow" });
  const ports = { clock: systemClock, random: systemRandom, log: silentLog };
  const env = new Map([["PATH", process.env["PATH"] ?? ""]]);
  const masker = makeMasker(["c4nary-value"]);
  const tools = [
    readTool(workspace),
    writeTool(workspace),
    editTool(workspace),
    globTool(workspace, policy),
    grepTool(workspace, policy),
    bashTool({ workspace, ports, env, outputBytesMax: 1000, masker, hasNetwork: false }),
    skillTool([
      { name: "s", description: "d", body: "do it", folder: join(skills, "s"), files: ["SKILL.md"] },
    ]),
  ];
  const call = async (name: string, input: unknown): Promise<string> => {
    const tool = tools.find((candidate) => candidate.name === name);
    const answer = await tool?.prepare(input).run(new AbortController().signal);
    return answer?.kind === "text" ? answer.text : "";
  };
  return { work, outside, skills, call };
}

describe("nothing leads out of the work folder", () => {
  test.each([
    ["read", { path: "../outside/secret" }],
    ["read", { path: "a/../../outside/secret" }],
    ["read", { path: "/etc/passwd" }],
    ["read", { path: "link" }],
    ["read", { path: "folder-link/secret" }],
    ["read", { path: "a\0b" }],
    ["read", { path: "$HAVERSACK_SKILLS/../outside/secret" }],
    ["write", { path: "../outside/new", content: "x" }],
    ["write", { path: "link", content: "x" }],
    ["write", { path: "folder-link/new", content: "x" }],
    ["write", { path: "folder-link/deep/er/new", content: "x" }],
    ["write", { path: "dangling", content: "x" }],
    ["write", { path: "dangling-folder/new", content: "x" }],
    ["write", { path: ".", content: "x" }],
    ["write", { path: "$HAVERSACK_SKILLS/s/SKILL.md", content: "x" }],
    ["edit", { path: "link", old: "two", new: "x" }],
    ["glob", { pattern: "**", path: ".." }],
    ["glob", { pattern: "**", path: "folder-link" }],
    ["grep", { text: "two", path: "folder-link" }],
  ])("%s %j", async (tool, input) => {
    const { call, outside } = await setup();
    await expect(call(tool, input)).rejects.toThrow(
      /outside|out of the work folder|is a link|NUL|itself|read-only|does not exist/,
    );
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("two");
    await expect(readFile(join(outside, "new"))).rejects.toThrow("ENOENT");
  });
});

describe("file tools", () => {
  test("read a file, a part of it, and a file of a skill", async () => {
    const { call, work, skills } = await setup();
    expect(await call("read", { path: "a/b.txt" })).toBe("one\ntwo\nthree\n");
    expect(await call("read", { path: join(work, "a/b.txt"), offset: 2, limit: 1 })).toBe(
      "two\n[lines 2 to 2 of 3; continue with offset 3]",
    );
    expect(await call("read", { path: "a/b.txt", offset: 9 })).toBe("[the file has 3 lines]");
    expect(await call("read", { path: join(skills, "s/SKILL.md") })).toBe("two");
    expect(await call("read", { path: "$HAVERSACK_SKILLS/s/SKILL.md" })).toBe("two");
  });

  test.each([
    ["bin", /binary/],
    ["a", /folder/],
    ["gone", /does not exist/],
    ["a/b.txt/c", /no folder/],
  ])("say what is wrong with %s", async (path, message) => {
    const { call } = await setup();
    await expect(call("read", { path })).rejects.toThrow(message);
  });

  test("write and edit", async () => {
    const { call, work } = await setup();
    expect(await call("write", { path: "new/deep.md", content: "a b a" })).toBe(
      "wrote 5 bytes to new/deep.md",
    );
    await expect(call("edit", { path: "new/deep.md", old: "a", new: "c" })).rejects.toThrow(/2 times/);
    await expect(call("edit", { path: "new/deep.md", old: "x", new: "c" })).rejects.toThrow(/does not occur/);
    await call("edit", { path: "new/deep.md", old: "a", new: "$&", all: true });
    expect(await readFile(join(work, "new/deep.md"), "utf8")).toBe("$& b $&");
  });

  test("find files and lines, but not what may not be read", async () => {
    const { call } = await setup();
    expect(await call("glob", { pattern: "**" })).toBe("a/b.txt\nbin");
    expect(await call("glob", { pattern: "*.md" })).toBe("[nothing found]");
    expect(await call("grep", { text: "TWO", ignoreCase: true })).toBe("a/b.txt:2: two");
    expect(await call("grep", { text: "two", path: "$HAVERSACK_SKILLS" })).toBe(
      "$HAVERSACK_SKILLS/s/SKILL.md:1: two",
    );
  });
});

describe("bash", () => {
  test("runs in the work folder, with the scripts of skills at hand", async () => {
    const { call } = await setup();
    expect(await call("bash", { command: "ls a" })).toBe("b.txt");
    expect(await call("bash", { command: '"$HAVERSACK_SKILLS/s/scripts/x.sh" 1' })).toBe("x 1");
    expect(await call("bash", { command: "echo out; echo aside >&2; exit 3" })).toBe(
      "out\n[stderr]\naside\n[exit code 3]",
    );
    expect(await call("bash", { command: "true" })).toBe("[no output]");
  });

  test("keeps head and tail of a flood", async () => {
    const { call } = await setup();
    const output = await call("bash", {
      command: "echo first; head -c 100000 /dev/zero | tr '\\0' x; echo; echo last",
    });
    expect(output).toMatch(/^first\nx+\n\[\d+ bytes left out\]\nx+\nlast$/);
    expect(output.length).toBeLessThan(1100);
  });

  test("masks secrets before anything is left out", async () => {
    const { call } = await setup();
    const output = await call("bash", { command: "yes c4nary-value | head -n 10000" });
    expect(output).not.toMatch(/c4n|lue/);
  });

  test("ends at its time limit, with all that it started", async () => {
    const { call } = await setup();
    const output = await call("bash", {
      command: "setsid sleep 600 & echo started; sleep 600",
      timeoutSeconds: 1,
    });
    expect(output).toBe("started\n[ended after its time limit of 1 s]");
  });
});

test("a skill is handed out once", async () => {
  const { call, skills } = await setup();
  const first = await call("skill", { name: "s" });
  expect(first).toContain("do it");
  expect(first).toContain(`Folder of the skill: ${skills}/s`);
  expect(await call("skill", { name: "s" })).toMatch(/active already/);
});
