/** A PostgreSQL database as it is at one moment, into databases of the embedded engine; coordinators go on meanwhile. */

import { join } from "node:path";
import type { Digest } from "@haversack/protocol";
import { PostgresTx } from "../../store/postgres-tx.ts";
import { text } from "../../store/rows.ts";
import { openSqlite } from "../../store/sqlite-database.ts";
import { blobIsNamed } from "../../store/statements/contents.ts";
import { lifeGet } from "../../store/statements/postgres-schema.ts";
import { databaseFiles } from "../data-folder.ts";
import { openSnapshot } from "../postgres-snapshot.ts";
import { migrationsFolderOf } from "../schema-versions.ts";
import { copyOut } from "./postgres-tables.ts";
import { planTables } from "./table-plan.ts";

/** @returns the generation that the database has */
export async function takeFromPostgres(
  url: string,
  folder: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const connection = await openSnapshot(url);
  try {
    for (const name of databaseFiles) {
      const db = openSqlite({ file: join(folder, name), migrations: migrationsFolderOf(name) });
      try {
        db.exec("begin immediate");
        for (const table of planTables(db)) {
          signal.throwIfAborted();
          await copyOut(connection, db, table);
        }
        db.exec("commit");
        // As a backup it is one file.
        db.exec("pragma wal_checkpoint(truncate); pragma journal_mode = delete");
      } finally {
        db.close();
      }
    }
    const [life] = (await connection.query(lifeGet)).rows;
    return life === undefined ? undefined : text(life, "generation");
  } finally {
    await connection.close();
  }
}

export async function isNamedInPostgres(url: string, digest: Digest): Promise<boolean> {
  const connection = await openSnapshot(url);
  try {
    return (await new PostgresTx(connection).one(blobIsNamed, digest)) !== undefined;
  } finally {
    await connection.close();
  }
}
