/** The limits that depend on the content, and the table that names the culprit when one of them is passed. */

import { SnapshotError } from "../errors.ts";
import type { SnapshotLimits } from "../limits.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { MemoryScope, SkillBundle, SnapshotContent, Soul } from "./content.ts";
import { fileSize, utf8Length } from "./files.ts";

/** Throws for the first limit that is passed. */
export function checkContentLimits(content: SnapshotContent, limits: SnapshotLimits): void {
  const files = content.skills.reduce((sum, skill) => sum + skill.files.length, 0);
  atMost("models", content.models.length, limits.modelsMax);
  atMost("skills", content.skills.length, limits.skillsMax);
  atMost("files of all skills", files, limits.filesMax);
  for (const skill of content.skills) checkFiles(skill, limits);
  for (const soul of content.souls) checkSoul(soul, limits);
  for (const [name, scope] of memoryScopes(content)) checkScope(name, scope, limits);
}

function checkFiles(skill: SkillBundle, { fileBytesMax }: SnapshotLimits): void {
  for (const file of skill.files) {
    const size = fileSize(file);
    if (size > fileBytesMax) {
      throw tooLarge(
        `skills/${skill.name}/${file.path} has ${bytes(size)}, over ${bytes(fileBytesMax)} for one file`,
      );
    }
  }
}

function checkSoul(soul: Soul, { soulCharactersMax }: SnapshotLimits): void {
  const characters = characterCount(soul.text);
  if (characters > soulCharactersMax) {
    throw tooLarge(`souls/${soul.id} has ${characters} characters, over ${soulCharactersMax}`);
  }
}

/** Throws `snapshot_too_large`. */
export function checkScope(name: string, scope: MemoryScope, limits: SnapshotLimits): void {
  const { memoryIndexLinesMax, memoryIndexBytesMax, memoryScopeBytesMax, memoryTopicsMax } = limits;
  atMost(`lines of the index of memory ${name}`, lineCount(scope.text), memoryIndexLinesMax);
  atMost(`bytes of the index of memory ${name}`, utf8Length(scope.text), memoryIndexBytesMax);
  atMost(`topics of memory ${name}`, scope.topics.length, memoryTopicsMax);
  atMost(`bytes of memory ${name}`, utf8Length(canonicalJson(scope)), memoryScopeBytesMax);
}

export function memoryScopes({ memory }: SnapshotContent): [string, MemoryScope][] {
  const all: [string, MemoryScope | null][] = [
    ["global", memory.global],
    ...Object.entries(memory.dags).map(([dag, scope]): [string, MemoryScope | null] => [
      `dags/${dag}`,
      scope,
    ]),
  ];
  return all.filter((entry): entry is [string, MemoryScope] => entry[1] !== null);
}

function atMost(what: string, count: number, max: number): void {
  if (count > max) throw tooLarge(`${count} ${what}, over ${max}`);
}

/** Unicode code points, as a person counts. */
export function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** A last line without a line break counts. */
function lineCount(text: string): number {
  if (text === "") return 0;
  return text.split("\n").length - Number(text.endsWith("\n"));
}

interface PartSize {
  readonly name: string;
  /** Bytes of canonical JSON. */
  readonly size: number;
  /** Largest file of a skill, else empty. */
  readonly largest: string;
}

/** Parts of a pack, largest first. */
function partSizes(content: SnapshotContent): PartSize[] {
  const part = (name: string, value: unknown, largest = ""): PartSize => ({
    name,
    size: utf8Length(canonicalJson(value)),
    largest,
  });
  return [
    part("config", content.config),
    ...content.models.map((model) => part(`models/${model.id}`, model)),
    ...content.skills.map((skill) => part(`skills/${skill.name}`, skill, largestFile(skill))),
    ...content.souls.map((soul) => part(`souls/${soul.id}`, soul)),
    ...memoryScopes(content).map(([name, scope]) => part(`memory/${name}`, scope)),
  ].toSorted((a, b) => b.size - a.size);
}

function largestFile(skill: SkillBundle): string {
  const sized = skill.files.map((file) => ({ path: file.path, size: fileSize(file) }));
  const [largest] = sized.toSorted((a, b) => b.size - a.size);
  return largest === undefined ? "" : `${largest.path} ${bytes(largest.size)}`;
}

const tableRowsMax = 8;

/** `skills/pdf-forms 9.1 MiB raw (assets/fonts.bin 7.8 MiB), config 2.0 KiB raw`. */
export function sizeTable(content: SnapshotContent): string {
  const parts = partSizes(content);
  const rows = parts.slice(0, tableRowsMax).map(({ name, size, largest }) => {
    return `${name} ${bytes(size)} raw${largest === "" ? "" : ` (${largest})`}`;
  });
  if (parts.length > tableRowsMax) rows.push(`and ${parts.length - tableRowsMax} smaller parts`);
  return rows.join(", ");
}

/** `7.8 MiB`. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} bytes`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

function tooLarge(message: string): SnapshotError {
  return new SnapshotError("snapshot_too_large", message);
}
