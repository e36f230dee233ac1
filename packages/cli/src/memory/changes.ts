/** What is different between two states of a memory scope. Pure. */

import type { MemoryEdit, MemoryEntry } from "@haversack/protocol";

export type ChangeKind = "added" | "removed" | "changed";

/**
 * What went or changed, in the order of `from`, then what came, in the order of `to`. Who wrote a text does not count.
 */
export function changesBetween(from: readonly MemoryEntry[], to: readonly MemoryEntry[]): MemoryEdit[] {
  const before = new Set(from.map(({ id }) => id));
  const after = new Map(to.map(({ id, text }) => [id, text]));
  const old = from.flatMap(({ id, text }): MemoryEdit[] => {
    const now = after.get(id);
    if (now === undefined) return [{ entry: id, before: text }];
    return now === text ? [] : [{ entry: id, before: text, after: now }];
  });
  const added = to.filter(({ id }) => !before.has(id)).map(({ id, text }) => ({ entry: id, after: text }));
  return [...old, ...added];
}

export function changeKind({ before, after }: MemoryEdit): ChangeKind {
  if (before === undefined) return "added";
  return after === undefined ? "removed" : "changed";
}
