/** A part of a pack as two maps, so that two parts can be laid side by side whatever they are. */

import type { JsonValue } from "../format/canonical-json.ts";
import type {
  EffectiveConfig,
  FileMode,
  MemoryScope,
  MemorySection,
  ModelSpec,
  SkillBundle,
  SnapshotContent,
  Soul,
} from "../format/content.ts";

export interface Facets {
  /** By leaf path. */
  readonly values: ReadonlyMap<string, JsonValue>;
  /** By path of the file, or by the name of the text. */
  readonly texts: ReadonlyMap<string, TextFacet>;
}

export interface TextFacet {
  /** Text, or base64 of bytes that are none. */
  readonly content: string;
  readonly binary: boolean;
  readonly mode?: FileMode;
}

/** By `section/id`. */
export function partFacets({ config, models, skills, souls, memory }: SnapshotContent): Map<string, Facets> {
  return new Map([
    ["config/", configFacets(config)],
    ...models.map((model): [string, Facets] => [`models/${model.id}`, modelFacets(model)]),
    ...skills.map((skill): [string, Facets] => [`skills/${skill.name}`, skillFacets(skill)]),
    ...souls.map((soul): [string, Facets] => [`souls/${soul.id}`, soulFacets(soul)]),
    ...memoryFacets(memory),
  ]);
}

/** Servers by their names, so that one more does not change the place of the others. */
function configFacets({ instructions, mcpServers, ...config }: EffectiveConfig): Facets {
  const servers = Object.fromEntries(mcpServers.map(({ name, ...server }) => [name, server]));
  return facets({ ...config, mcpServers: servers }, [["instructions", plain(instructions)]]);
}

const modelFacets = ({ id: _id, ...model }: ModelSpec): Facets => facets(model, []);

function skillFacets({ name: _name, files, ...skill }: SkillBundle): Facets {
  const texts = files.map(({ path, mode, ...file }): [string, TextFacet] => {
    const binary = "base64" in file;
    return [path, { content: binary ? file.base64 : file.text, binary, mode }];
  });
  return facets(skill, texts);
}

const soulFacets = ({ id: _id, text, ...soul }: Soul): Facets => facets(soul, [["text", plain(text)]]);

/** A scope of a DAG that is there and null is a part without facets. */
function memoryFacets({ global, dags }: MemorySection): [string, Facets][] {
  const none: Facets = { values: new Map(), texts: new Map() };
  const own = Object.entries(dags).map(([dag, scope]): [string, Facets] => [
    `memory/dags/${dag}`,
    scope === null ? none : scopeFacets(scope),
  ]);
  return global === null ? own : [["memory/global", scopeFacets(global)], ...own];
}

/** Topics stand below a folder of their own, so that none is taken for the index. */
function scopeFacets({ base, text, topics }: MemoryScope): Facets {
  const files = topics.map((topic): [string, TextFacet] => [`topics/${topic.path}`, plain(topic.text)]);
  return facets({ base }, [["index", plain(text)], ...files]);
}

const plain = (content: string): TextFacet => ({ content, binary: false });

function facets(values: object, texts: readonly [string, TextFacet][]): Facets {
  const leaves = new Map<string, JsonValue>();
  collect("", values as JsonValue, leaves);
  return { values: leaves, texts: new Map(texts) };
}

/** A list is one leaf, and so is an object without keys. The depth is bounded by the guard. */
function collect(path: string, value: JsonValue, leaves: Map<string, JsonValue>): void {
  const entries = isRecord(value) ? Object.entries(value) : [];
  if (entries.length === 0) leaves.set(path, value);
  for (const [key, item] of entries) collect(joined(path, key), item, leaves);
}

function joined(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

function isRecord(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
