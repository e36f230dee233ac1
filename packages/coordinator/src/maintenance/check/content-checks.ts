/** What cannot be asked in SQL: whether bytes are what their names say, and whether memory is the fold of its edits. */

import { messageOf } from "@haversack/base";
import { parseDigest } from "@haversack/protocol";
import { inspectPack, settleLimits } from "@haversack/snapshot";
import { applyEdits, type Entries, entriesDigest, type SourcedEdit } from "../../memory/scope.ts";
import { bytes, integer, json, text } from "../../store/rows.ts";
import { blobsNamed, memoryVersionsAll, packsAfter, scopesAll } from "../../store/statements/contents.ts";
import { blobState } from "../copy-blobs.ts";
import type { Check, CheckParts } from "./check.ts";

const packsPerPage = 20;
/** Packs that were made under other limits are no fault. */
const anyLimits = settleLimits({
  compressedBytesMax: 256 * 1024 ** 2,
  uncompressedBytesMax: 256 * 1024 ** 2,
});

export const contentChecks: readonly Check[] = [
  { id: "packs", holds: "every snapshot is whole and has the digest that names it", faults: packFaults },
  { id: "blobs", holds: "every artifact is there, and has the digest that names it", faults: blobFaults },
  { id: "memory", holds: "memory is what its versions say, without a gap", faults: memoryFaults },
];

async function* packFaults({ tx, signal }: CheckParts): AsyncIterable<string> {
  for (let after = ""; ; ) {
    const rows = await tx.all(packsAfter, after, packsPerPage);
    for (const row of rows) {
      signal.throwIfAborted();
      after = text(row, "digest");
      const problem = problemOfPack(after, bytes(row, "gzip"));
      if (problem !== undefined) yield `snapshot ${after}: ${problem}`;
    }
    if (rows.length < packsPerPage) return;
  }
}

function problemOfPack(digest: string, gzip: Uint8Array): string | undefined {
  try {
    const { name } = inspectPack(gzip, anyLimits);
    return name === digest ? undefined : `its content has the digest ${name}`;
  } catch (error) {
    return messageOf(error);
  }
}

async function* blobFaults({ tx, blobs, signal }: CheckParts): AsyncIterable<string> {
  if (blobs === undefined) return;
  for (const row of await tx.all(blobsNamed)) {
    signal.throwIfAborted();
    const digest = parseDigest(text(row, "digest"));
    const state = await blobState(blobs, { digest, size: integer(row, "size") });
    if (state !== "ok") yield `artifact ${digest} is ${state} in ${blobs}`;
  }
}

async function* memoryFaults({ tx }: CheckParts): AsyncIterable<string> {
  const folds = new Map<string, { version: number; entries: Entries }>();
  for (const row of await tx.all(memoryVersionsAll)) {
    const scope = text(row, "scope");
    const version = integer(row, "version");
    const before = folds.get(scope) ?? { version: 0, entries: [] };
    const entries = applyEdits(before.entries, json<SourcedEdit[]>(row, "edits"));
    if (version !== before.version + 1) yield `scope ${scope}: version ${version} follows ${before.version}`;
    if (entriesDigest(entries) !== text(row, "digest"))
      yield `scope ${scope}: version ${version} is not the fold of its edits`;
    folds.set(scope, { version, entries });
  }
  for (const row of await tx.all(scopesAll)) {
    const scope = text(row, "scope");
    const fold = folds.get(scope);
    folds.delete(scope);
    const isNewest = fold?.version === integer(row, "version");
    const isSame =
      fold !== undefined && entriesDigest(fold.entries) === entriesDigest(json<Entries>(row, "entries"));
    if (!isNewest || !isSame || entriesDigest(fold.entries) !== text(row, "digest"))
      yield `scope ${scope}: what it holds is not its newest version`;
  }
  for (const scope of folds.keys()) yield `scope ${scope}: it has versions and no state`;
}
