/**
 * A scope of memory as a value: its entries by id, which is the order in which they were noted down. A version is a
 * list of edits; a scope at any version is the fold of all edits up to it. Pure.
 */

import { type Digest, type MemoryEdit, type MemoryEntry, parseDigest } from "@haversack/protocol";
import { canonicalJson, digestOf, formatNotes } from "@haversack/snapshot";

/** An edit that also knows whose text it brings, so that versions alone make up the scope. */
export interface SourcedEdit extends MemoryEdit {
  readonly source: string;
}

export type Entries = readonly MemoryEntry[];

/** Names the entries, whatever led to them. */
export function entriesDigest(entries: Entries): Digest {
  return parseDigest(digestOf(canonicalJson(entries)));
}

/** Throws nothing: an edit of an entry that is not there is the addition of it. */
export function applyEdits(entries: Entries, edits: readonly SourcedEdit[]): Entries {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  for (const { entry: id, after, source } of edits) {
    if (after === undefined) byId.delete(id);
    else byId.set(id, { id, text: after, source });
  }
  return [...byId.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** The edits that make `to` out of `from`. */
export function editsBetween(from: Entries, to: Entries): SourcedEdit[] {
  const before = new Map(from.map((entry) => [entry.id, entry]));
  const after = new Map(to.map((entry) => [entry.id, entry]));
  const gone = from.filter(({ id }) => !after.has(id));
  return [
    ...gone.map(({ id, text, source }) => ({ entry: id, before: text, source })),
    ...to.flatMap(({ id, text, source }): SourcedEdit[] => {
      const old = before.get(id);
      if (old?.text === text && old.source === source) return [];
      return [{ entry: id, ...(old === undefined ? {} : { before: old.text }), after: text, source }];
    }),
  ];
}

/** Bytes that the notes take in a pack, where they stand as JSON text. */
export function notesSize(entries: Entries): number {
  return Buffer.byteLength(JSON.stringify(formatNotes(entries)));
}
