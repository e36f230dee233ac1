import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { problemText } from "../plan/problem.ts";
import { writeLibrary } from "../testing/write-library.ts";
import { mcpText } from "./mcp-file.ts";
import { readLibrary, readLibraryMemory } from "./read-library.ts";
import { splitTools } from "./skill-folder.ts";

async function problemsWith(changes: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  await using temp = await tempFolder();
  await writeLibrary(temp.path, changes);
  const { problems } = await readLibrary(temp.path, { label: "agents" });
  return problems.map(problemText);
}

describe("a library", () => {
  test("is read whole", async () => {
    await using temp = await tempFolder();
    await writeLibrary(temp.path);
    const library = await readLibrary(temp.path);
    expect(library.problems).toEqual([]);
    expect([...library.models.keys()]).toEqual(["local", "main", "unused"]);
    expect(library.models.get("main")?.value).toMatchObject({ name: "main", baseURL: null, input: ["text"] });
    expect(library.profiles.get("writer")?.value.instructions).toBe("Write.\n");
    expect(library.skills.get("release-notes")?.value).toMatchObject({
      allowedTools: ["bash(git log *)", "read"],
      files: [
        { path: "SKILL.md", mode: "0644" },
        { path: "scripts/commits.sh", mode: "0755" },
      ],
    });
    expect(library.souls.get("poet")?.value).toEqual({
      id: "poet",
      name: "poet",
      description: "",
      text: "Flowery.\n",
    });
    expect([...library.mcpServers.keys()]).toEqual(["github", "tickets"]);
    expect(library.memory.global).toMatchObject({ text: "- global fact\n", topics: [{ path: "people.md" }] });
    expect(library.memory.dags.get("nightly")?.text).toBe("- nightly fact\n");
    const { memory, allowedStrings } = library;
    expect(await readLibraryMemory(temp.path)).toEqual({ memory, allowedStrings });
  });

  test("may lack any part, or everything", async () => {
    await using temp = await tempFolder();
    const library = await readLibrary(join(temp.path, "nothing"));
    expect(library.problems).toEqual([]);
    expect(library.config.value).toEqual({ version: 1 });
    expect(library.memory.global.text).toBe("");
  });

  test.each<[string, Record<string, string>, string]>([
    [
      "an unknown key",
      { "config.yaml": "version: 1\nsolu: x\n" },
      'agents/config.yaml:2:1: solu: invalid_config: unknown key "solu"; did you mean "soul"?',
    ],
    [
      "an unknown key below",
      { "config.yaml": "version: 1\nlimits:\n  maxTurn: 3\n" },
      'agents/config.yaml:3:3: limits.maxTurn: invalid_config: unknown key "maxTurn"; did you mean "maxTurns"?',
    ],
    [
      "a key that is required",
      { "config.yaml": "model: main\n" },
      "agents/config.yaml:1:1: version: invalid_config: is required",
    ],
    [
      "a wrong type",
      { "config.yaml": "version: 1\nlimits: { maxTurns: many }\n" },
      "agents/config.yaml:2:11: limits.maxTurns: invalid_config: expected number, received string",
    ],
    [
      "a double key",
      { "config.yaml": "version: 1\nversion: 1\n" },
      "agents/config.yaml:2:1: invalid_config: is not YAML that can be read: duplicated mapping key",
    ],
    [
      "a merge key",
      { "config.yaml": "version: 1\nlimits: &a { maxTurns: 1 }\nceilings: { <<: *a }\n" },
      "agents/config.yaml:3:13: ceilings.<<: invalid_config: merge keys (<<) are not supported",
    ],
    [
      "a dangerous key",
      { "config.yaml": "version: 1\n__proto__: { x: 1 }\n" },
      "agents/config.yaml:2:1: __proto__: invalid_config: is a key that is refused everywhere",
    ],
    [
      "memory that config cannot ask for",
      { "config.yaml": "version: 1\nmemory: { read: [dag] }\n" },
      'agents/config.yaml:2:11: memory.read: invalid_config: unknown key "read"',
    ],
    [
      "a tag",
      { "config.yaml": "version: !x 1\n" },
      "agents/config.yaml:1:10: invalid_config: is not YAML that can be read: unknown scalar tag !<!x>",
    ],
    [
      "two documents",
      { "config.yaml": "version: 1\n---\nversion: 1\n" },
      "agents/config.yaml:1:1: invalid_config: is not YAML that can be read: expected a single document in the stream, but found more",
    ],
    [
      "a model without address",
      { "models/local.yaml": "provider: openai-compatible\nmodel: x\n" },
      "agents/models/local.yaml:1:1: baseURL: invalid_model: is required",
    ],
    [
      "a plain key",
      { "models/main.yaml": "provider: openai\nmodel: x\napiKey: abc\n" },
      "agents/models/main.yaml:3:1: apiKey: invalid_model: is not a reference: { secret: name }, { env: NAME } or { file: path }",
    ],
    [
      "a plain header",
      { "models/main.yaml": "provider: openai\nmodel: x\nheaders: { X-Api-Key: abc }\n" },
      "agents/models/main.yaml:3:12: headers.X-Api-Key: invalid_model: must be a reference, such as { secret: name } or { env: NAME }",
    ],
    [
      "a plain key in options",
      { "models/main.yaml": "provider: openai\nmodel: x\nproviderOptions:\n  a: { apiKey: abc }\n" },
      "agents/models/main.yaml:4:8: providerOptions.a.apiKey: invalid_model: must be a reference, such as { secret: name } or { env: NAME }",
    ],
    [
      "a name that is no id",
      { "models/Main_1.yaml": "provider: openai\nmodel: x\n" },
      "agents/models/Main_1.yaml: invalid_model: is not called <id>.yaml, where an id is a-z, 0-9 and single hyphens, at most 64 characters",
    ],
    [
      "another name than the file's",
      { "profiles/writer.md": "---\nname: riter\ndescription: x\n---\n" },
      'agents/profiles/writer.md:2:1: name: invalid_profile: is "riter", but the file is called writer.md',
    ],
    [
      "a place after the fence",
      { "profiles/writer.md": "---\nname: writer\n\ndescription: x\nmodle: y\n---\n" },
      'agents/profiles/writer.md:5:1: modle: invalid_profile: unknown key "modle"; did you mean "model"?',
    ],
    [
      "an expression",
      { "profiles/writer.md": "---\nname: writer\ndescription: x\nsoul: ${{ params.x }}\n---\n" },
      "agents/profiles/writer.md:4:1: soul: invalid_profile: is an expression, but the items of an agent are pinned when the run is submitted: write an id",
    ],
    [
      "a long soul",
      { "souls/poet.md": "x".repeat(20_001) },
      "agents/souls/poet.md: invalid_soul: has 20001 characters, over 20000",
    ],
    [
      "a skill of another name",
      { "skills/unused/SKILL.md": "---\nname: used\ndescription: x\n---\n" },
      'agents/skills/unused/SKILL.md:2:1: name: invalid_skill: is "used", but the folder is called "unused"',
    ],
    [
      "a skill without description",
      { "skills/unused/SKILL.md": "---\nname: unused\n---\n" },
      "agents/skills/unused/SKILL.md:2:1: description: invalid_skill: is required",
    ],
    [
      "a bad path in a skill",
      { "skills/unused/aux.txt": "x" },
      "agents/skills/unused/aux.txt: bad_path: its path has a segment that is a Windows device name",
    ],
    [
      "a long memory index",
      { "memory/MEMORY.md": "x\n".repeat(201) },
      "agents/memory: invalid_memory: 201 lines of the index of memory global, over 200",
    ],
    [
      "mcp that is not JSON",
      { "mcp.json": "mcpServers: {}" },
      "agents/mcp.json: invalid_mcp_server: is not JSON",
    ],
    [
      "an mcp header in plain text",
      {
        "mcp.json":
          '{"mcpServers":{"a":{"type":"http","url":"https://x","headers":{"Authorization":"abc"}}}}',
      },
      "agents/mcp.json:1:65: mcpServers.a.headers.Authorization: invalid_mcp_server: must name a variable, such as ${TOKEN}",
    ],
    [
      "a broken reference",
      { "mcp.json": '{"mcpServers":{"a":{"command":"x ${1"}}}' },
      "agents/mcp.json:1:22: mcpServers.a.command: invalid_mcp_server: has a ${ that is neither ${NAME} nor ${NAME:-default}",
    ],
  ])("says where: %s", async (_, changes, expected) => {
    expect(await problemsWith(changes)).toEqual([expected]);
  });

  test("lists everything that is wrong at once", async () => {
    const problems = await problemsWith({
      "config.yaml": "version: 2\nsolu: x\n",
      "models/main.yaml": "provider: nobody\n",
      "skills/unused/SKILL.md": undefined,
      "skills/unused/x.txt": "x",
    });
    expect(problems.map((text) => text.split(":")[0])).toEqual([
      "agents/config.yaml",
      "agents/config.yaml",
      "agents/models/main.yaml",
      "agents/models/main.yaml",
      "agents/skills/unused/SKILL.md",
    ]);
  });

  test("a link fails the skill that it lies in, a pipe does not hold the reader", async () => {
    await using temp = await tempFolder();
    await writeLibrary(temp.path);
    await writeFile(join(temp.path, "outside"), "secret");
    await symlink(join(temp.path, "outside"), join(temp.path, "skills/release-notes/link.txt"));
    await symlink(join(temp.path, "outside"), join(temp.path, "mcp-link"));
    await mkdir(join(temp.path, "elsewhere"));
    await symlink(join(temp.path, "elsewhere"), join(temp.path, "skills/linked"));
    const library = await readLibrary(temp.path, { label: "agents" });
    expect(library.problems.map(problemText)).toEqual([
      "agents/skills/linked: bad_path: is a link; only regular files can be part of a snapshot",
      "agents/skills/release-notes/link.txt: bad_path: is a link; only regular files can be part of a snapshot",
    ]);
    expect([...library.skills.keys()]).toEqual(["unused"]);
  });

  test("a key-like string is a problem of its file, without the text", async () => {
    const key = ["sk", "ant", "api03", "aB3dE5gH7jK9mN1pQ3sT5vW7"].join("-");
    const [problem = "", ...rest] = await problemsWith({ "souls/poet.md": `Flowery.\n\nUse ${key}!\n` });
    expect(rest).toEqual([]);
    expect(problem).toMatch(
      /^agents\/souls\/poet\.md:3:5: key_like_string: looks like a secret \(Anthropic API key\)/,
    );
    expect(problem).not.toContain("aB3dE5gH7j");
    const digest = /add the line ([0-9a-f]{64})/.exec(problem)?.[1];
    expect(
      await problemsWith({ "souls/poet.md": key, ".allowed-strings": `${digest} # an example\n` }),
    ).toEqual([]);
  });
});

test("tools of a skill are split at spaces outside of parentheses", () => {
  expect(splitTools(" bash(git log *)  read, glob ")).toEqual(["bash(git log *)", "read", "glob"]);
});

test("references of mcp.json", () => {
  expect(mcpText("plain")).toBe("plain");
  expect(mcpText("a${B}c${D:-e f}")).toEqual([
    "a",
    { env: "B", default: null },
    "c",
    { env: "D", default: "e f" },
  ]);
});
