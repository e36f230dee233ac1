/** Packs that a person wants to stay, whatever becomes of the runs that named them. */

import { FaultError, present } from "@haversack/base";
import { type Digest, type KeptSnapshot, parseDigest } from "@haversack/protocol";
import { noSnapshot } from "../missing.ts";
import { integer, text } from "../rows.ts";
import {
  keptCount,
  keptDelete,
  keptDeleteByName,
  keptInsert,
  keptList,
  snapshotExists,
} from "../statements/snapshot.ts";
import type { VerbContext } from "../verb.ts";

/** The list of them travels in one message. */
const keptMax = 1000;

export interface Keeping {
  readonly digest: Digest;
  /** As it was asked for: a digest, or `<run>/<step>`. */
  readonly name: string;
  readonly note: string;
  readonly now: number;
}

/** Keeping a pack twice is no error: the newer name and note count. */
export async function snapshotKeep({ tx }: VerbContext, { digest, name, note, now }: Keeping): Promise<void> {
  if ((await tx.one(snapshotExists, digest)) === undefined) throw noSnapshot(digest);
  await tx.run(keptInsert, digest, name, note, now);
  if (integer(present(await tx.one(keptCount), "a count"), "count") <= keptMax) return;
  const message = `${keptMax} snapshots are kept, which is the most; remove one, or \`haversack snapshot save\` it`;
  throw new FaultError("busy", "too_many_kept", message);
}

/** @returns whether it was kept, under this name or this digest */
export async function snapshotUnkeep(
  { tx }: VerbContext,
  { name, digest }: { name: string; digest?: Digest },
): Promise<boolean> {
  if ((await tx.run(keptDeleteByName, name)) > 0) return true;
  return digest !== undefined && (await tx.run(keptDelete, digest)) > 0;
}

export async function snapshotsKept({ tx }: VerbContext): Promise<KeptSnapshot[]> {
  return (await tx.all(keptList)).map((row) => ({
    digest: parseDigest(text(row, "digest")),
    name: text(row, "name"),
    note: text(row, "note"),
    keptAt: integer(row, "kept_at"),
    compressedSize: integer(row, "compressed_size"),
  }));
}
