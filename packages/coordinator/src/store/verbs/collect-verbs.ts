/**
 * Packs and blobs that nobody needs any more. A pack is needed as long as a step of a run that is still there names it,
 * as its pin or as its snapshot, or a person keeps it.
 *
 * A submission that comes at the same moment loses nothing. Packs are inserted "on conflict do nothing" in the
 * transaction that also inserts the steps which name them (`runSubmit`, `stepTake`), there is one writer, and a
 * collection is one transaction as well. So either the submission is first, and the collection sees its step and leaves
 * the pack, however old; or the collection is first, and the submission inserts the bytes anew. On PostgreSQL, where there
 * are many writers, a collection holds a lock alone that the others share.
 */

import type { Digest } from "@haversack/protocol";
import { integer, integerOrNone, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import {
  attemptOldestClaim,
  packsErase,
  packsOldest,
  blobsUnnamed as unnamed,
} from "../statements/retention.ts";
import type { VerbContext } from "../verb.ts";

/** Packs that are looked at in one transaction, at least one: freeing a page costs as much as writing it. */
const sliceBytesMax = 8 * 1024 * 1024;

/** Where a collection has got to. */
export interface PackPlace {
  readonly createdAt: number;
  readonly digest: string;
}

export interface Collection {
  /** Wall clock. Younger packs stay. */
  readonly createdBefore: number;
  readonly after?: PackPlace;
  /** Packs that are looked at. */
  readonly limit: number;
}

export interface Collected {
  readonly packs: number;
  readonly bytes: number;
  /** Where to go on; absent when all were looked at. */
  readonly next?: PackPlace;
}

/** Deletes what nobody needs of the oldest packs after a given one. */
export async function snapshotsCollect({ tx }: VerbContext, query: Collection): Promise<Collected> {
  const { createdBefore, after = { createdAt: -1, digest: "" }, limit } = query;
  const rows = await tx.all(packsOldest, after.createdAt, after.digest, createdBefore, limit);
  const slice = within(rows, sliceBytesMax);
  const last = slice.at(-1);
  if (last === undefined) return { packs: 0, bytes: 0 };
  const to = { createdAt: integer(last, "created_at"), digest: text(last, "digest") };
  const gone = await tx.all(packsErase, after.createdAt, after.digest, to.createdAt, to.digest);
  const bytes = gone.reduce((sum, row) => sum + integer(row, "compressed_size"), 0);
  return {
    packs: gone.length,
    bytes,
    ...(slice.length < limit && slice.length === rows.length ? {} : { next: to }),
  };
}

function within(rows: readonly Row[], bytesMax: number): readonly Row[] {
  let bytes = 0;
  const end = rows.findIndex((row) => (bytes += integer(row, "compressed_size")) > bytesMax);
  return end < 0 ? rows : rows.slice(0, Math.max(1, end));
}

/**
 * Which of these blobs no artifact names, and when the oldest live attempt was claimed: what was stored since may be
 * named by a result that is still to come.
 */
export async function blobsUnnamed({ tx }: VerbContext, { digests }: { digests: readonly Digest[] }) {
  const wanted = new Set((await tx.all(unnamed, JSON.stringify(digests))).map((row) => text(row, "digest")));
  const row = await tx.one(attemptOldestClaim);
  const oldestClaim = row === undefined ? undefined : integerOrNone(row, "claimed_at");
  return { unnamed: digests.filter((digest) => wanted.has(digest)), oldestClaim };
}
