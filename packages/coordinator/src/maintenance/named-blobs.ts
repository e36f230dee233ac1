/** Which artifacts a database names. */

import { type Digest, parseDigest } from "@haversack/protocol";
import { integer, text } from "../store/rows.ts";
import { SqliteTx } from "../store/sqlite-database.ts";
import { blobIsNamed, blobsNamed } from "../store/statements/contents.ts";
import type { NamedBlob } from "./copy-blobs.ts";
import { withDatabase } from "./copy-database.ts";

export function namedIn(database: string): NamedBlob[] {
  return withDatabase(database, { readOnly: true }, (db) =>
    new SqliteTx(db)
      .all(blobsNamed)
      .map((row) => ({ digest: parseDigest(text(row, "digest")), size: integer(row, "size") })),
  );
}

export function isNamedIn(database: string, digest: Digest): boolean {
  return withDatabase(
    database,
    { readOnly: true },
    (db) => new SqliteTx(db).one(blobIsNamed, digest) !== undefined,
  );
}
