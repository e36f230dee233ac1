/** The order that canonical content keeps, and the references that must be closed. Names the first thing that is wrong. */

import { SnapshotError } from "../errors.ts";
import { requiresMax } from "../limits.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { SkillBundle, SnapshotContent } from "./content.ts";
import { isCanonicalBase64 } from "./files.ts";
import { comparePaths, compareText, pathProblems } from "./paths.ts";
import { requiredFeatures, secretRefs } from "./references.ts";

/** Everything about valid content that a schema cannot say. */
export function checkContent(content: SnapshotContent): void {
  checkOrder(content);
  checkReferences(content);
  checkMemory(content);
  for (const skill of content.skills) checkSkill(skill);
}

function checkOrder({ config, models, skills, souls, requires }: SnapshotContent): void {
  const byName = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name);
  const byId = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);
  ascending("requires", requires);
  if (requires.length > requiresMax) throw invalid(`requires has more than ${requiresMax} entries`);
  ascending("models", byId(models));
  ascending("skills", byName(skills));
  ascending("souls", byId(souls));
  ascending("config.skills", config.skills);
  ascending("config.tools", config.tools);
  ascending("config.network", config.network);
  ascending("config.mcpServers", byName(config.mcpServers));
  ascending("config.memory.read", config.memory.read);
  for (const model of models) ascending(`models.${model.id}.input`, model.input);
  if (new Set(config.modelChain).size < config.modelChain.length)
    throw invalid("config.modelChain names a model twice");
}

function ascending(where: string, values: readonly string[], compare = compareText): void {
  for (const [index, value] of values.entries()) {
    const previous = values[index - 1];
    if (previous !== undefined && compare(previous, value) >= 0) {
      throw invalid(`${where} is not sorted, or ${JSON.stringify(value)} stands in it twice`);
    }
  }
}

function checkReferences(content: SnapshotContent): void {
  const { config, models, skills, souls } = content;
  sameIds(
    "models",
    config.modelChain.toSorted(compareText),
    models.map(({ id }) => id),
  );
  sameIds(
    "skills",
    config.skills,
    skills.map(({ name }) => name),
  );
  if (config.soul !== null && !souls.some(({ id }) => id === config.soul)) {
    throw invalid(`config.soul names ${JSON.stringify(config.soul)}, which is not in souls`);
  }
  same("requires", content.requires, requiredFeatures(config));
  same("secrets", content.secrets, secretRefs(config, models));
}

/** Least: a section holds what config names, all of it and nothing else. */
function sameIds(section: string, named: readonly string[], held: readonly string[]): void {
  const missing = named.find((id) => !held.includes(id));
  if (missing !== undefined)
    throw invalid(`config names ${JSON.stringify(missing)}, which is not in ${section}`);
  const extra = held.find((id) => !named.includes(id));
  if (extra !== undefined)
    throw invalid(`${section} holds ${JSON.stringify(extra)}, which config does not name`);
}

function same(where: string, found: readonly unknown[], expected: readonly unknown[]): void {
  if (canonicalJson(found) !== canonicalJson(expected)) {
    throw invalid(`${where} does not list exactly what the content uses, sorted`);
  }
}

/** Memory is there only where the step reads it. */
function checkMemory({ config, memory }: SnapshotContent): void {
  const { read, write, dag } = config.memory;
  if ((dag !== null) !== read.includes("dag"))
    throw invalid("config.memory.dag and config.memory.read disagree");
  for (const scope of ["global", "dag"] as const) {
    if (write[scope] !== "none" && !read.includes(scope))
      throw invalid(`config.memory writes ${scope} without reading it`);
  }
  if (memory.global !== null && !read.includes("global"))
    throw invalid("memory.global is there, but not read");
  for (const [name, scope] of Object.entries(memory.dags)) {
    if (name !== dag)
      throw invalid(`memory.dags holds ${JSON.stringify(name)}, which the step does not read`);
    if (scope !== null) checkTopics(`memory.dags.${name}`, scope.topics);
  }
  if (memory.global !== null) checkTopics("memory.global", memory.global.topics);
}

function checkTopics(where: string, topics: readonly { readonly path: string }[]): void {
  checkPaths(
    where,
    topics.map(({ path }) => path),
  );
}

function checkSkill(skill: SkillBundle): void {
  const where = `skills.${skill.name}`;
  const paths = skill.files.map(({ path }) => path);
  checkPaths(where, paths);
  if (!skill.files.some((file) => file.path === "SKILL.md" && "text" in file))
    throw invalid(`${where} has no SKILL.md`);
  const bad = skill.files.find((file) => "base64" in file && !isCanonicalBase64(file.base64));
  if (bad !== undefined) throw invalid(`${where}: ${bad.path} is not in its one canonical form`);
}

function checkPaths(where: string, paths: readonly string[]): void {
  const [problem] = pathProblems(paths);
  if (problem !== undefined) {
    const [path, why] = problem;
    throw new SnapshotError("snapshot_hostile", `${where}: the path ${JSON.stringify(path)} ${why}`);
  }
  ascending(where, paths, comparePaths);
}

function invalid(message: string): SnapshotError {
  return new SnapshotError("snapshot_invalid", message);
}
