import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A small library by path; a path that ends in `.sh` is executable. */
const sampleLibrary: Readonly<Record<string, string>> = {
  "config.yaml": `version: 1
model: [main, local]
soul: engineer
limits: { maxTurns: 40 }
ceilings: { maxTurns: 100, maxCostUsd: 20 }
permissions:
  deny: ["bash(sudo *)", "fetch(*)"]
  allow: ["read(**)", "bash(git *)", "mcp__github__*"]
effects: { mcp__github__list: read, mcp__other__x: read }
memory: { write: { dag: append, global: propose } }
`,
  "models/main.yaml":
    "provider: anthropic\nmodel: claude-sonnet-4-6\napiKey: { secret: anthropic-api-key }\n",
  "models/local.yaml": "provider: openai-compatible\nbaseURL: { env: MODEL_URL }\nmodel: qwen3:8b\n",
  "models/unused.yaml": "provider: openai\nmodel: gpt\napiKey: { env: OPENAI_API_KEY }\n",
  "profiles/writer.md": `---
name: writer
description: Writes
skills: [release-notes]
tools: [read, bash, skill, output, mcp__github__list]
mcpServers: [github]
memory: { read: [global, dag] }
permissions: { deny: ["bash(rm *)"] }
---
Write.
`,
  "profiles/plain.md": "---\nname: plain\ndescription: Plain\nmodel: local\ntools: [read]\n---\nBe plain.\n",
  "skills/release-notes/SKILL.md":
    "---\nname: release-notes\ndescription: Turns commits into notes\nlicense: MIT\nallowed-tools: bash(git log *) read\n---\n# Notes\n",
  "skills/release-notes/scripts/commits.sh": "#!/bin/sh\ngit log\n",
  "skills/unused/SKILL.md": "---\nname: unused\ndescription: Nobody asks for it\n---\n",
  "souls/engineer.md": "---\nname: Engineer\n---\nTerse.\n",
  "souls/poet.md": "Flowery.\n",
  "mcp.json": `{
  "mcpServers": {
    "github": {
      "type": "http",
      "url": "https://mcp.example/mcp",
      "headers": { "Authorization": "Bearer \${GITHUB_TOKEN}", "X-Mode": "\${MODE:-fast}" }
    },
    "tickets": { "command": "tickets-mcp", "args": ["--read-only"] }
  }
}
`,
  "memory/MEMORY.md": "- global fact\n",
  "memory/people.md": "- a person\n",
  "memory/dags/nightly/MEMORY.md": "- nightly fact\n",
};

/** Writes the sample library, with some files changed; undefined leaves one out. */
export async function writeLibrary(
  folder: string,
  changes: Readonly<Record<string, string | undefined>> = {},
) {
  for (const [path, text] of Object.entries({ ...sampleLibrary, ...changes })) {
    if (text === undefined) continue;
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
    await chmod(target, path.endsWith(".sh") ? 0o755 : 0o640);
  }
}
