/**
 * The agent library, from a folder that the caller names: whatever can be read is there, whatever is wrong is listed
 * with file, line and field, all at once. An item with a problem is in no map, so nobody can use half of it.
 */

import { z } from "zod";
import { isId } from "../format/paths.ts";
import { characterCount } from "../format/sizes.ts";
import { defaultLimits, type SnapshotLimits } from "../limits.ts";
import type { ProblemCode } from "../plan/problem.ts";
import { unknownPosition } from "../plan/problem.ts";
import { configSchema, profileSchema } from "../plan/settings.ts";
import type { Library, Located, Profile } from "./library.ts";
import { mcpSchema, mcpServer, serverSchemaOf } from "./mcp-file.ts";
import { readMemory } from "./memory-folder.ts";
import { modelSchema, modelSpec } from "./model-file.ts";
import { type FolderContent, type LibraryFile, readFolder } from "./read-folder.ts";
import { readSkill } from "./skill-folder.ts";
import {
  type Findings,
  fileName,
  readMarkdown,
  readValue,
  readYaml,
  report,
  type Source,
  textOf,
} from "./source.ts";
import { parseYaml } from "./yaml.ts";

export interface ReadLibraryOptions {
  /** What problems call the folder, such as `agents`; absent: the folder as it was given. */
  readonly label?: string;
  readonly limits?: SnapshotLimits;
}

/** Reads the whole folder, which may lack any part. Does not reject for what files say: that is in `problems`. */
export async function readLibrary(folder: string, options: ReadLibraryOptions = {}): Promise<Library> {
  const { findings, content, limits } = await open(folder, options);
  const files = [...content.files.values()];
  return {
    folder,
    config: readConfig(content.files.get("config.yaml"), findings),
    models: readModels(below(files, "models"), findings),
    profiles: readProfiles(below(files, "profiles"), findings),
    skills: readSkills(below(files, "skills"), findings),
    souls: readSouls(below(files, "souls"), findings, limits.soulCharactersMax),
    mcpServers: readServers(content.files.get("mcp.json"), findings),
    memory: readMemory(below(files, "memory"), findings, limits),
    allowedStrings: findings.allowedStrings,
    problems: findings.problems,
  };
}

/** Memory alone, as it is now: for a step that became ready. Its problems do not stop the step; the pack's caps do. */
export async function readLibraryMemory(
  folder: string,
  options: ReadLibraryOptions = {},
): Promise<Pick<Library, "memory" | "allowedStrings">> {
  const { findings, content, limits } = await open(folder, options, "memory");
  const memory = readMemory(below([...content.files.values()], "memory"), findings, limits);
  return { memory, allowedStrings: findings.allowedStrings };
}

async function open(folder: string, options: ReadLibraryOptions, only?: string) {
  const { label = folder.replace(/\/+$/, ""), limits = defaultLimits } = options;
  const content = await readFolder(folder, limits.fileBytesMax, only);
  const findings: Findings = {
    label,
    allowedStrings: readAllowed(content.files.get(".allowed-strings")),
    problems: [],
  };
  reportFolder(content, findings);
  return { findings, content, limits };
}

function below(files: readonly LibraryFile[], folder: string): LibraryFile[] {
  return files.filter(({ path }) => path.startsWith(`${folder}/`));
}

function readAllowed(file: LibraryFile | undefined): Set<string> {
  const lines = file === undefined ? [] : Buffer.from(file.bytes).toString("utf8").split(/\r?\n/);
  return new Set(
    lines.map((line) => line.replace(/#.*/, "").trim()).filter((line) => /^[0-9a-f]{64}$/.test(line)),
  );
}

/** A link in a skill is a problem of that skill. */
function reportFolder({ problems }: FolderContent, findings: Findings): void {
  for (const { path, message } of problems) {
    report({ item: itemOf(path), code: "bad_path", path, findings }, message);
  }
}

function itemOf(path: string): string {
  const [section = "", name = ""] = path.split("/");
  if (section === "config.yaml") return "config";
  if (section === "mcp.json") return "mcp";
  if (section === "memory") return name === "dags" ? path.split("/").slice(0, 3).join("/") : "memory/global";
  return `${section}/${name.replace(/\.(yaml|md)$/, "")}`;
}

function readConfig(file: LibraryFile | undefined, findings: Findings): Library["config"] {
  const source: Source = { item: "config", code: "invalid_config", path: "config.yaml", findings };
  const text = file && textOf(source, file);
  const parsed = text === undefined ? undefined : readYaml(source, text, configSchema);
  const value = parsed?.value ?? { version: 1 as const };
  return { value, file: fileName(source), locate: parsed?.locate ?? (() => unknownPosition) };
}

interface Item {
  readonly id: string;
  readonly source: Source;
  readonly text: string;
}

/** The files of a folder that are called `<id><ending>`; others are reported. */
function items(files: readonly LibraryFile[], code: ProblemCode, ending: string, findings: Findings): Item[] {
  return files.flatMap((file) => {
    const [folder, ...rest] = file.path.split("/");
    const name = rest.join("/");
    if (name.startsWith(".")) return [];
    const id = name.endsWith(ending) ? name.slice(0, -ending.length) : name;
    const source: Source = { item: `${folder}/${id}`, code, path: file.path, findings };
    if (id === name || !isId(id)) {
      report(
        source,
        `is not called <id>${ending}, where an id is a-z, 0-9 and single hyphens, at most 64 characters`,
      );
      return [];
    }
    const text = textOf(source, file);
    return text === undefined ? [] : [{ id, source, text }];
  });
}

function readModels(files: readonly LibraryFile[], findings: Findings): Library["models"] {
  return located(items(files, "invalid_model", ".yaml", findings), ({ id, source, text }) => {
    const parsed = readYaml(source, text, modelSchema);
    return parsed && { ...parsed, value: modelSpec(id, parsed.value) };
  });
}

function readProfiles(files: readonly LibraryFile[], findings: Findings): Library["profiles"] {
  return located(items(files, "invalid_profile", ".md", findings), ({ id, source, text }) => {
    const parsed = readMarkdown(source, text, profileSchema);
    if (parsed === undefined) return undefined;
    const { value: settings, locate, body } = parsed;
    if (settings.name !== id) {
      report(source, `is "${settings.name}", but the file is called ${id}.md`, "name", locate("name"));
    }
    return { locate, value: { id, settings, instructions: body } satisfies Profile };
  });
}

const soulSchema = z.strictObject({ name: z.string().min(1).optional(), description: z.string().optional() });

function readSouls(
  files: readonly LibraryFile[],
  findings: Findings,
  charactersMax: number,
): Library["souls"] {
  return located(items(files, "invalid_soul", ".md", findings), ({ id, source, text }) => {
    const parsed = readMarkdown(source, text, soulSchema);
    if (parsed === undefined) return undefined;
    const { value, locate, body } = parsed;
    const characters = characterCount(body);
    if (characters > charactersMax) report(source, `has ${characters} characters, over ${charactersMax}`);
    return {
      locate,
      value: { id, name: value.name ?? id, description: value.description ?? "", text: body },
    };
  });
}

/** What was read without a new problem, by id. */
function located<T>(
  items: readonly Item[],
  read: (item: Item) => Omit<Located<T>, "file"> | undefined,
): Map<string, Located<T>> {
  const found = new Map<string, Located<T>>();
  for (const item of items) {
    const { problems } = item.source.findings;
    const parsed = read(item);
    const broken = problems.some((problem) => problem.item === item.source.item);
    if (parsed !== undefined && !broken) found.set(item.id, { ...parsed, file: fileName(item.source) });
  }
  return found;
}

function readSkills(files: readonly LibraryFile[], findings: Findings): Library["skills"] {
  const found: [
    string,
    Located<Library["skills"] extends ReadonlyMap<string, Located<infer T>> ? T : never>,
  ][] = [];
  for (const [name, own] of Map.groupBy(files, ({ path }) => path.split("/")[1] ?? "")) {
    const source = { item: `skills/${name}`, code: "invalid_skill" as const, findings };
    const prefix = `skills/${name}/`;
    if (!isId(name) || own.some(({ path }) => !path.startsWith(prefix))) {
      report(
        { ...source, path: `skills/${name}` },
        "is not a folder whose name is an id: a-z, 0-9 and single hyphens",
      );
      continue;
    }
    const inside = own.map((file) => ({ ...file, path: file.path.slice(prefix.length) }));
    const linked = findings.problems.some(({ item }) => item === source.item);
    const skill = readSkill(source, name, inside);
    if (skill !== undefined && !linked) found.push([name, skill]);
  }
  return new Map(found);
}

/** JSON first, so that nothing but JSON passes; then as YAML, which JSON is a part of, for places and double keys. */
function readServers(file: LibraryFile | undefined, findings: Findings): Library["mcpServers"] {
  const source: Source = { item: "mcp", code: "invalid_mcp_server", path: "mcp.json", findings };
  const servers = new Map<string, Library["mcpServers"] extends ReadonlyMap<string, infer T> ? T : never>();
  const text = file && textOf(source, file);
  if (text === undefined || !isJson(source, text)) return servers;
  const document = parseYaml(text);
  for (const { message, field, position } of document.problems) report(source, message, field, position);
  const parsed = document.problems.length > 0 ? undefined : readValue(source, document, mcpSchema);
  for (const [name, value] of Object.entries(parsed?.value.mcpServers ?? {})) {
    const own = { ...source, item: `mcp/${name}` };
    const field = `mcpServers.${name}`;
    const server = readValue(own, { value, locate: document.locate }, serverSchemaOf(value), field);
    if (server)
      servers.set(name, {
        value: mcpServer(name, server.value),
        file: fileName(own),
        locate: document.locate,
      });
  }
  return servers;
}

function isJson(source: Source, text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    report(source, "is not JSON");
    return false;
  }
}
