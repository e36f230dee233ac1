/** `haversack store migrate`: what a coordinator of this version would do at its start, told first, or done without one. */

import { join } from "node:path";
import { openOwnedFolder, type Ports } from "@haversack/base";
import { openSqlite } from "../store/sqlite-database.ts";
import { backUpBeforeMigration } from "./prepare-data-folder.ts";
import { refuseHalfRestored } from "./restore.ts";
import { type DueMigrations, dueMigrations, migrationsFolderOf } from "./schema-versions.ts";

export interface MigratedStore {
  /** As they were. */
  readonly databases: readonly DueMigrations[];
  /** Made before anything was changed; absent: nothing was, or there was nothing to save. */
  readonly backup?: string;
}

/** Rejects as a start of the coordinator would. @param dryRun changes nothing, and looks while a coordinator runs, too */
export async function migrateStore(
  asked: { readonly dataDir: string; readonly dryRun: boolean },
  ports: Ports,
  signal: AbortSignal,
): Promise<MigratedStore> {
  const { dataDir, dryRun } = asked;
  if (dryRun) return { databases: dueMigrations(dataDir) };
  const folder = await openOwnedFolder(dataDir, "data folder");
  try {
    await refuseHalfRestored(dataDir);
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
