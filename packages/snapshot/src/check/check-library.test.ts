import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { readLibrary } from "../library/read-library.ts";
import { settleLimits } from "../limits.ts";
import { problemText } from "../plan/problem.ts";
import { writeLibrary } from "../testing/write-library.ts";
import { type Advice, type CheckOptions, checkLibrary } from "./check-library.ts";

type Changes = Readonly<Record<string, string | undefined>>;

async function check(changes: Changes = {}, options: CheckOptions = {}, folders: readonly string[] = []) {
  await using temp = await tempFolder();
  await writeLibrary(temp.path, changes);
  for (const folder of folders) await mkdir(join(temp.path, folder));
  const library = await readLibrary(temp.path, { label: "agents", ...options });
  const { problems, advice } = await checkLibrary(library, options);
  return { problems: problems.map(problemText), advice: advice.map(adviceText) };
}

const adviceText = ({ file, line, column, field, message }: Advice): string =>
  `${file}:${line}:${column}:${field}: ${message}`;

const profile = (settings: string): string => `---\nname: writer\ndescription: x\n${settings}---\n`;
const skill = (front: string, body = ""): Changes => ({
  "skills/unused/SKILL.md": `---\nname: unused\ndescription: Nobody asks for it\n${front}---\n${body}`,
});

describe("a library is checked", () => {
  test("and a sound one has nothing to say", async () => {
    expect(await check()).toEqual({ problems: [], advice: [] });
  });

  test.each<[string, Changes, string]>([
    [
      "a skill that a profile names and nobody has, in the profile's own file",
      { "profiles/writer.md": profile("skills: [release-note]\n") },
      'agents/profiles/writer.md:4:10: skills[0]: unknown_skill: the library has no skill "release-note" (named by profile writer); did you mean "release-notes"?',
    ],
    [
      "a model",
      { "profiles/plain.md": "---\nname: plain\ndescription: x\nmodel:\n  - lokal\n---\n" },
      'agents/profiles/plain.md:5:5: model[0]: unknown_model: the library has no model "lokal" (named by profile plain); did you mean "local"?',
    ],
    [
      "a soul",
      { "profiles/writer.md": profile("soul: poett\n") },
      'agents/profiles/writer.md:4:1: soul: unknown_soul: the library has no soul "poett" (named by profile writer); did you mean "poet"?',
    ],
    [
      "a server",
      { "profiles/writer.md": profile("mcpServers: [githb]\n") },
      'agents/profiles/writer.md:4:14: mcpServers[0]: unknown_mcp_server: the library has no MCP server "githb" (named by profile writer); did you mean "github"?',
    ],
    [
      "a tool",
      { "profiles/writer.md": profile("tools: [reed]\n") },
      'agents/profiles/writer.md:4:9: tools[0]: unknown_tool: there is no tool "reed" (named by profile writer); did you mean "read"?',
    ],
    [
      "a ceiling",
      { "profiles/writer.md": profile("limits: { maxTurns: 101 }\n") },
      "agents/profiles/writer.md:4:11: limits.maxTurns: ceiling_exceeded: maxTurns 101 (named by profile writer) is over the ceiling 100 of config.yaml",
    ],
    [
      "what config.yaml gives to everybody, once",
      { "config.yaml": "version: 1\nmodel: main\nsoul: enginer\n" },
      'agents/config.yaml:3:1: soul: unknown_soul: the library has no soul "enginer" (named by config.yaml); did you mean "engineer"?',
    ],
    [
      "what a file says, once, though a profile uses it",
      { "skills/release-notes/SKILL.md": "---\nname: release-notes\n---\n" },
      "agents/skills/release-notes/SKILL.md:2:1: description: invalid_skill: is required",
    ],
    [
      "a profile without a model, when config.yaml names none",
      { "config.yaml": "version: 1\n" },
      "agents/profiles/writer.md: unknown_model: no model: name one in the step, its profile, defaults.agent or agents/config.yaml (the library has local, main, unused)",
    ],
    [
      "metadata that is not text",
      skill("metadata: { version: 2 }\n"),
      "agents/skills/unused/SKILL.md:4:13: metadata.version: invalid_skill: is not text",
    ],
    [
      "a long compatibility",
      skill(`compatibility: ${"x".repeat(501)}\n`),
      "agents/skills/unused/SKILL.md:4:1: compatibility: invalid_skill: too big: expected string to have <=500 characters",
    ],
    [
      "a long description",
      { "skills/unused/SKILL.md": `---\nname: unused\ndescription: ${"x".repeat(1025)}\n---\n` },
      "agents/skills/unused/SKILL.md:3:1: description: invalid_skill: too big: expected string to have <=1024 characters",
    ],
    [
      "a link to a file that is not there",
      skill("", "\nSee [the rules](references/rules.md).\n"),
      'agents/skills/unused/SKILL.md:6:17: invalid_skill: links to "references/rules.md", which is not in the skill\'s folder',
    ],
    [
      "a link out of the folder",
      skill("", "[x](../release-notes/SKILL.md)\n"),
      'agents/skills/unused/SKILL.md:5:5: invalid_skill: links to "../release-notes/SKILL.md", which is outside of the skill\'s folder',
    ],
  ])("for %s", async (_, changes, expected) => {
    expect(await check(changes)).toEqual({ problems: [expected], advice: [] });
  });

  test("for what is too large, with the size table, even when nobody uses it", async () => {
    const text = Array.from({ length: 9000 }, (_, index) => `${(index * 7919) % 10_007} `).join("");
    const limits = settleLimits({ uncompressedBytesMax: 560 * 1024 });
    const { problems } = await check({ "skills/unused/big.txt": text }, { limits });
    expect(problems).toEqual([]);
    const tight = settleLimits({ uncompressedBytesMax: 40 * 1024, memoryScopeBytesMax: 1024 });
    expect((await check({ "skills/unused/big.txt": text }, { limits: tight })).problems).toEqual([
      expect.stringMatching(
        /^agents\/skills\/unused\/SKILL\.md: snapshot_too_large: .*: skills\/unused 4\d\.\d KiB raw \(big\.txt/,
      ),
    ]);
  });

  test("for the operator's model, too", async () => {
    const { problems } = await check({}, { defaultModel: "nope" });
    expect(problems).toEqual([
      'the operator\'s model: model: unknown_model: the library has no model "nope" (named by the operator)',
    ]);
  });
});

describe("advice", () => {
  test.each<[string, Changes, string]>([
    [
      "a key that the specification does not know",
      skill("alowed-tools: read\n"),
      'agents/skills/unused/SKILL.md:4:1:alowed-tools: is a key that the skills specification does not know; did you mean "allowed-tools"?',
    ],
    [
      "a body of many lines",
      skill("", "x\n".repeat(501)),
      "agents/skills/unused/SKILL.md:0:0:: has 501 lines below its front matter, over 500: move what is not always needed into files of its own",
    ],
    [
      "a body of many tokens",
      skill("", "word ".repeat(4001)),
      "agents/skills/unused/SKILL.md:0:0:: has about 5001 tokens, over 5000: move what is not always needed into files of its own",
    ],
    [
      "a chain of references",
      {
        ...skill("", "[a](references/a.md)\n"),
        "skills/unused/references/a.md": "[b](b.md) and [up](../SKILL.md)\n",
        "skills/unused/references/b.md": "",
      },
      'agents/skills/unused/references/a.md:1:5:: links to "b.md", to which SKILL.md has no link: references go one level deep',
    ],
    [
      "a settings file that nothing reads",
      { "confg.yaml": "version: 1\n" },
      'agents/confg.yaml:0:0:: is not read: it is no part of an agent library; did you mean "config.yaml"?',
    ],
  ])("on %s", async (_, changes, expected) => {
    expect(await check(changes)).toEqual({ problems: [], advice: [expected] });
  });

  test("on a folder that nothing reads, and not on what is beside the library", async () => {
    const changes = { "README.md": "# Ours\n", ".git/config": "x" };
    expect((await check(changes, {}, ["skils"])).advice).toEqual([
      'agents/skils:0:0:: is not read: it is no part of an agent library; did you mean "skills" or "souls"?',
    ]);
  });

  test("not on links that lead to a file, a folder, an address, a heading, or stand in code", async () => {
    const body = [
      "[a](a.md#top) ![b](<a.md>) [c](./docs/) [d](https://example.com/x) [e](#here) [f](mailto:x@example.com)",
      '[g](a.md "A title") `[h](nowhere.md)`',
      "```",
      "[i](nowhere.md)",
      "```",
      "[j](docs/with%20space.md)",
    ].join("\n");
    const files = {
      ...skill("", `${body}\n`),
      "skills/unused/a.md": "",
      "skills/unused/docs/with space.md": "",
    };
    expect(await check(files)).toEqual({ problems: [], advice: [] });
  });
});
