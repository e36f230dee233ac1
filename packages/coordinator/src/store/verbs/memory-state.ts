/** Scopes of memory as rows: the newest state, and the versions that lead to it. Only verbs of memory write here. */

import type { Digest, MemoryCause, MemoryScopeName, MemoryState } from "@haversack/protocol";
import { parseDigest } from "@haversack/protocol";
import { applyEdits, type Entries, entriesDigest, type SourcedEdit } from "../../memory/scope.ts";
import { integer, json, text } from "../rows.ts";
import { scopeGet, scopePut, versionInsert } from "../statements/memory.ts";
import type { VerbContext } from "../verb.ts";

export async function stateOf({ tx }: VerbContext, scope: MemoryScopeName): Promise<MemoryState> {
  const row = await tx.one(scopeGet, scope);
  if (row === undefined) return { scope, version: 0, digest: entriesDigest([]), entries: [] };
  return {
    scope,
    version: integer(row, "version"),
    digest: parseDigest(text(row, "digest")),
    entries: json<Entries>(row, "entries"),
  };
}

export interface NewVersion {
  readonly state: MemoryState;
  /** Not empty. */
  readonly edits: readonly SourcedEdit[];
  readonly cause: MemoryCause;
  readonly now: number;
}

/** The next link of the chain. */
export async function addVersion({ tx }: VerbContext, next: NewVersion): Promise<MemoryState> {
  const { scope } = next.state;
  const entries = applyEdits(next.state.entries, next.edits);
  const digest: Digest = entriesDigest(entries);
  const version = next.state.version + 1;
  await tx.run(scopePut, scope, version, digest, JSON.stringify(entries));
  const texts = [JSON.stringify(next.cause), JSON.stringify(next.edits)] as const;
  await tx.run(versionInsert, scope, version, digest, next.now, ...texts);
  return { scope, version, digest, entries };
}
