/**
 * What is different between two packs, part by part. Pure. There is a change in the answer exactly when the contents
 * differ; `requires` and `secrets` follow from the other parts and are not told on their own.
 *
 *   facets.ts  a part as values by leaf path and texts by name
 *   lines.ts   two texts, line by line
 */

import type { JsonValue } from "../format/canonical-json.ts";
import { canonicalJson } from "../format/canonical-json.ts";
import type { FileMode, SnapshotContent } from "../format/content.ts";
import { compareText } from "../format/paths.ts";
import { type Facets, partFacets, type TextFacet } from "./facets.ts";
import { unifiedLines } from "./lines.ts";

export type PartSection = "config" | "models" | "skills" | "souls" | "memory";
export type ChangeKind = "added" | "removed" | "changed";

export interface PartChange {
  readonly section: PartSection;
  /** Of the model, skill or soul; `global` or `dags/<name>`; empty for config. */
  readonly id: string;
  readonly change: ChangeKind;
  /** Leaves of a part that both packs have: a list is one leaf. */
  readonly values: readonly ValueChange[];
  /** Files, topics and long texts of a part that both packs have. */
  readonly texts: readonly TextChange[];
}

export interface ValueChange {
  /** `limits.maxTurns`; keys that are no plain words stand in brackets: `providerOptions["a.b"]`. */
  readonly path: string;
  /** Absent: the leaf was added. */
  readonly before?: JsonValue;
  /** Absent: the leaf was removed. */
  readonly after?: JsonValue;
}

export interface TextChange {
  readonly path: string;
  readonly change: ChangeKind;
  /** Only where the mode changed. */
  readonly mode?: { readonly before: FileMode; readonly after: FileMode };
  /** Bytes that are not text: their lines are not told. */
  readonly binary: boolean;
  /** Hunks of a unified diff, without its two head lines. */
  readonly lines: readonly string[];
}

/** Sections in the order of the format's document, ids in their order. */
export function diffSnapshots(before: SnapshotContent, after: SnapshotContent): PartChange[] {
  const [a, b] = [partFacets(before), partFacets(after)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .toSorted(compareParts)
    .flatMap((name) => partChange(name, a.get(name), b.get(name)));
}

const sections: readonly PartSection[] = ["config", "models", "skills", "souls", "memory"];

/** The name of a part is `section/id`. */
function splitName(name: string): readonly [section: PartSection, id: string] {
  const section = sections.find((each) => name.startsWith(`${each}/`)) ?? "config";
  return [section, name.slice(section.length + 1)];
}

function compareParts(a: string, b: string): number {
  const [[first], [second]] = [splitName(a), splitName(b)];
  return sections.indexOf(first) - sections.indexOf(second) || compareText(a, b);
}

function partChange(name: string, before: Facets | undefined, after: Facets | undefined): PartChange[] {
  const [section, id] = splitName(name);
  if (before === undefined || after === undefined) {
    return [{ section, id, change: before === undefined ? "added" : "removed", values: [], texts: [] }];
  }
  const values = valueChanges(before.values, after.values);
  const texts = textChanges(before.texts, after.texts);
  return values.length + texts.length === 0 ? [] : [{ section, id, change: "changed", values, texts }];
}

function valueChanges(
  before: ReadonlyMap<string, JsonValue>,
  after: ReadonlyMap<string, JsonValue>,
): ValueChange[] {
  return union(before, after).flatMap((path) => {
    const [from, to] = [before.get(path), after.get(path)];
    if (from !== undefined && to !== undefined && canonicalJson(from) === canonicalJson(to)) return [];
    return [
      {
        path,
        ...(from === undefined ? {} : { before: from }),
        ...(to === undefined ? {} : { after: to }),
      },
    ];
  });
}

function textChanges(
  before: ReadonlyMap<string, TextFacet>,
  after: ReadonlyMap<string, TextFacet>,
): TextChange[] {
  return union(before, after).flatMap((path) => textChange(path, before.get(path), after.get(path)));
}

const nothing: TextFacet = { content: "", binary: false };

function textChange(path: string, from?: TextFacet, to?: TextFacet): TextChange[] {
  const [before, after] = [from ?? nothing, to ?? nothing];
  const binary = before.binary || after.binary;
  const isSame = before.content === after.content && before.binary === after.binary;
  if (from !== undefined && to !== undefined && isSame && from.mode === to.mode) return [];
  const change = from === undefined ? "added" : to === undefined ? "removed" : "changed";
  const lines = isSame || binary ? [] : unifiedLines(before.content, after.content);
  const modes = modeChange(from?.mode, to?.mode);
  return [{ path, change, ...modes, binary, lines }];
}

function modeChange(before?: FileMode, after?: FileMode): Pick<TextChange, "mode"> | undefined {
  if (before === undefined || after === undefined || before === after) return undefined;
  return { mode: { before, after } };
}

const union = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): string[] =>
  [...new Set([...a.keys(), ...b.keys()])].toSorted(compareText);
