/** `haversack store migrate`: what a coordinator of this version would do at its start, told first, or done without one. */

import { join } from "node:path";
import { openOwnedFolder, type Ports } from "@haversack/base";
import { migratePostgres } from "../store/postgres-migrate.ts";
import { openSqlite } from "../store/sqlite-database.ts";
import { refuseHalfRestored, refuseMoved } from "./folder-marks.ts";
import { duePostgres } from "./postgres-schemas.ts";
import { backUpBeforeMigration } from "./prepare-data-folder.ts";
import { type DueMigrations, dueMigrations, migrationsFolderOf } from "./schema-versions.ts";

export interface MigratedStore {
  /** As they were. */
  readonly databases: readonly DueMigrations[];
  /** Made before anything was changed; absent: nothing was, or there was nothing to save. */
  readonly backup?: string;
}

/** Rejects as a start of the coordinator would. @param dryRun changes nothing, and looks while a coordinator runs, too */
export async function migrateStore(
  asked: { readonly dataDir: string; readonly store?: string; readonly dryRun: boolean },
  ports: Ports,
  signal: AbortSignal,
): Promise<MigratedStore> {
  const { dataDir, store, dryRun } = asked;
  if (store !== undefined) return await migrateServer(store, dryRun);
  if (dryRun) return { databases: dueMigrations(dataDir) };
  const folder = await openOwnedFolder(dataDir, "data folder");
  try {
    await refuseHalfRestored(dataDir);
    await refuseMoved(dataDir);
    const databases = dueMigrations(dataDir);
    const backup = await backUpBeforeMigration(dataDir, ports, signal);
    for (const { name } of databases) {
      openSqlite({ file: join(dataDir, name), migrations: migrationsFolderOf(name) }).close();
    }
    return { databases, ...(backup === undefined ? {} : { backup }) };
  } finally {
    await folder.release();
  }
}

/** A server is backed up by its own means before. */
async function migrateServer(url: string, dryRun: boolean): Promise<MigratedStore> {
  const databases = await duePostgres(url);
  if (dryRun) return { databases };
  await migratePostgres(url, "postgres");
  await migratePostgres(url, "postgres-logs");
  return { databases };
}
