/** From the embedded database to PostgreSQL (B3): every row, compared on both sides; nobody writes meanwhile. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, openOwnedFolder, writeDurably } from "@haversack/base";
import { generationIfThere } from "../store/generation.ts";
import { describeDatabase } from "../store/postgres-url.ts";
import { type PutIn, putIntoPostgres } from "./copy/put-postgres.ts";
import { databaseFiles, movedFile } from "./data-folder.ts";
import { refuseHalfRestored, refuseMoved } from "./folder-marks.ts";
import { dueMigrations } from "./schema-versions.ts";

/**
 * Afterwards no coordinator starts on the embedded database of the folder: there would be two truths. Its files stay.
 * Rejects as {@link putIntoPostgres}, and with FaultError `unavailable` when a coordinator runs on the folder.
 */
export async function moveToPostgres(
  { dataDir, url }: { readonly dataDir: string; readonly url: string },
  signal: AbortSignal,
): Promise<PutIn> {
  const owned = await openOwnedFolder(dataDir, "data folder");
  try {
    await refuseHalfRestored(dataDir);
    await refuseMoved(dataDir);
    refuseOldSchema(dataDir);
    const mark = join(dataDir, movedFile);
    // Before the rows are there: a crash in between leaves one truth, and a folder that says so.
    await writeDurably(mark, `${describeDatabase(url)}\n`);
    try {
      const earlier = [await generationIfThere(dataDir)];
      return await putIntoPostgres({ folder: dataDir, names: databaseFiles, url, earlier }, signal);
    } catch (error) {
      await rm(mark);
      throw error;
    }
  } finally {
    await owned.release();
  }
}

function refuseOldSchema(dataDir: string): void {
  for (const { name, schema, due } of dueMigrations(dataDir)) {
    const file = join(dataDir, name);
    if (schema === 0) throw new FaultError("missing", "no_database", `there is no database ${file} to move`);
    if (due.length === 0) continue;
    const message = `${file} has schema ${schema}, this version moves ${due.at(-1)?.version}: haversack store migrate comes first`;
    throw new FaultError("conflict", "older_schema", message);
  }
}
