import { canonicalJson, type Library, type MemoryScope } from "@haversack/snapshot";
import { Command } from "commander";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import { withJson } from "../options.ts";
import { bytes } from "../print/moment.ts";
import { clip, printable } from "../print/printable.ts";
import { table } from "../print/table.ts";
import type { Shell } from "../shell.ts";
import { agentsFolder, agentsOption } from "./agents-folder.ts";
import { problemJson, tellProblems } from "./problems.ts";
import { snapshotLimits } from "./snapshot-source.ts";

interface ListOptions {
  readonly agents?: string;
  readonly json?: boolean;
}

const aboutColumnsMax = 60;
const examples = `
Sizes are those of an item in a pack, unpacked. An item with a problem is not listed; the problem is told, and the exit
code is 2.

Examples:
  $ haversack agents list
  $ haversack agents list ./agents --json | jq -r '.items[] | select(.section == "skills") | .id'

--json: {folder, items: [{section, id, about, size, files}], problems: [{file, line, column, field, code, message}]}
  section is models, profiles, skills, souls, mcpServers or memory.`;

export function agentsListCommand(shell: Shell): Command {
  const command = new Command("list")
    .description("what an agent library holds")
    .argument("[dir]", "the library; --agents says the same")
    .addOption(agentsOption());
  return withJson(command, "JSON")
    .addHelpText("after", examples)
    .action(shell.does((dir: string | undefined, options: ListOptions) => list(dir, options, shell)));
}

async function list(dir: string | undefined, options: ListOptions, shell: Shell): Promise<ExitCode> {
  const { folder, label } = await agentsFolder(dir ?? options.agents, shell);
  const { readLibrary } = await import("@haversack/snapshot");
  const library = await readLibrary(folder, { label, limits: await snapshotLimits(shell) });
  const items = itemsOf(library);
  if (options.json === true) {
    shell.json({ folder, items, problems: library.problems.map(problemJson) });
  } else {
    if (items.length > 0) shell.out(table(["SECTION", "ID", "SIZE", "FILES", "ABOUT"], items.map(row)));
    else shell.note(`${printable(label)} holds nothing that a step could use`);
    tellProblems(library.problems, shell);
  }
  return library.problems.length === 0 ? exitCodes.ok : exitCodes.invalid;
}

interface Item {
  readonly section: "models" | "profiles" | "skills" | "souls" | "mcpServers" | "memory";
  readonly id: string;
  /** For people: a description, or what tells it from the others. */
  readonly about: string;
  /** Bytes of canonical JSON. */
  readonly size: number;
  /** Of a skill; topics of a memory scope with its index. */
  readonly files: number;
}

function row({ section, id, about, size, files }: Item): string[] {
  return [section, printable(id), bytes(size), String(files), clip(printable(about), aboutColumnsMax)];
}

function itemsOf(library: Library): Item[] {
  const { models, profiles, skills, souls, mcpServers, memory } = library;
  const scopes: [string, MemoryScope][] = [
    ["global", memory.global],
    ...[...memory.dags].map(([dag, scope]): [string, MemoryScope] => [`dags/${dag}`, scope]),
  ];
  return [
    ...values(models).map((model) => item("models", model.id, `${model.provider} ${model.model}`, model)),
    ...values(profiles).map((profile) =>
      item("profiles", profile.id, profile.settings.description, profile.instructions),
    ),
    ...values(skills).map((skill) => ({
      ...item("skills", skill.name, skill.description, skill),
      files: skill.files.length,
    })),
    ...values(souls).map((soul) => item("souls", soul.id, soul.description || soul.name, soul)),
    ...values(mcpServers).map((server) => item("mcpServers", server.name, server.type, server)),
    ...scopes
      .filter(([, { text, topics }]) => text !== "" || topics.length > 0)
      .map(([id, scope]) => ({
        ...item("memory", id, firstLine(scope.text), scope),
        files: scope.topics.length + 1,
      })),
  ];
}

const values = <T>(items: ReadonlyMap<string, { readonly value: T }>): T[] =>
  [...items.values()].map(({ value }) => value);

const item = (section: Item["section"], id: string, about: string, content: unknown): Item => ({
  section,
  id,
  about,
  size: Buffer.byteLength(canonicalJson(content)),
  files: 1,
});

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";
