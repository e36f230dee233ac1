/** Puts a backup into an empty schema of PostgreSQL, whichever engine it was made of. */

import { randomBytes } from "node:crypto";
import { copyFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { openOwnedFolder } from "@haversack/base";
import { openSqlite } from "../store/sqlite-database.ts";
import { type PutIn, putIntoPostgres } from "./copy/put-postgres.ts";
import { copyBlobs } from "./copy-blobs.ts";
import { blobsFolder, databaseFile } from "./data-folder.ts";
import type { Manifest } from "./manifest.ts";
import { namedIn } from "./named-blobs.ts";
import { migrationsFolderOf, refuseNewerSchema } from "./schema-versions.ts";
import { verifyBackup } from "./verify-backup.ts";

export interface RestoredToPostgres extends PutIn {
  readonly manifest: Manifest;
}

/**
 * Rejects as {@link putIntoPostgres}, and with FaultError `corrupt` or `missing` when the backup is not whole. Artifacts go
 * into `blobs` of the data folder.
 */
export async function restoreIntoPostgres(
  asked: { readonly from: string; readonly dataDir: string; readonly store: string },
  signal: AbortSignal,
): Promise<RestoredToPostgres> {
  const { from, dataDir, store } = asked;
  const manifest = await verifyBackup(from, signal);
  for (const { path, schema } of manifest.databases) refuseNewerSchema(join(from, path), path, schema);
  const owned = await openOwnedFolder(dataDir, "data folder");
  const folder = join(dataDir, `restore.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await mkdir(folder, { mode: 0o700 });
    const names = manifest.databases.map(({ path }) => path);
    for (const name of names) await copyMigrated(from, folder, name);
    if (manifest.blobs !== undefined) {
      const named = namedIn(join(folder, databaseFile));
      await copyBlobs(join(from, blobsFolder), join(dataDir, blobsFolder), named, signal);
    }
    const put = { folder, names, url: store, earlier: [manifest.generation] };
    return { manifest, ...(await putIntoPostgres(put, signal)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
    await owned.release();
  }
}

/** A backup may be of an earlier version; it stays as it is. */
async function copyMigrated(from: string, to: string, name: string): Promise<void> {
  await copyFile(join(from, name), join(to, name));
  openSqlite({ file: join(to, name), migrations: migrationsFolderOf(name) }).close();
}
