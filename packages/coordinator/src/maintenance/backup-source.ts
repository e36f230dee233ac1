/** What a backup is made of: the databases of a data folder, or a PostgreSQL that is as good as them. */

import { join } from "node:path";
import { FaultError } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import { generationIfThere } from "../store/generation.ts";
import { isNamedInPostgres, takeFromPostgres } from "./copy/take-postgres.ts";
import { copyDatabase } from "./copy-database.ts";
import { databaseFile, databaseFiles, isThere } from "./data-folder.ts";
import { refuseHalfRestored, refuseMoved } from "./folder-marks.ts";
import { isNamedIn } from "./named-blobs.ts";

export interface BackupSource {
  /** Puts copies of the databases into the folder. */
  readonly copyTo: (folder: string, signal: AbortSignal) => Promise<CopiedDatabases>;
  /** Whether it names an artifact now. */
  readonly isNamed: (digest: Digest) => Promise<boolean>;
}

export interface CopiedDatabases {
  readonly names: readonly string[];
  readonly generation: string | undefined;
}

/** Rejects with FaultError `missing` when there is nothing to back up. */
export async function sourceOf(dataDir: string, store: string | undefined): Promise<BackupSource> {
  if (store === undefined) return await folderSource(dataDir);
  return {
    copyTo: async (folder, signal) => ({
      generation: await takeFromPostgres(store, folder, signal),
      names: databaseFiles,
    }),
    isNamed: (digest) => isNamedInPostgres(store, digest),
  };
}

async function folderSource(dataDir: string): Promise<BackupSource> {
  await refuseHalfRestored(dataDir);
  await refuseMoved(dataDir);
  const names = await databasesIn(dataDir);
  return {
    async copyTo(folder, signal) {
      const generation = await generationIfThere(dataDir);
      for (const name of names) {
        await copyDatabase(join(dataDir, name), join(folder, name));
        signal.throwIfAborted();
      }
      return { names, generation };
    },
    isNamed: async (digest) => isNamedIn(join(dataDir, databaseFile), digest),
  };
}

/** Whoever has lost the logs alone can still save the rest. */
async function databasesIn(dataDir: string): Promise<string[]> {
  const found = await Promise.all(databaseFiles.map((name) => isThere(join(dataDir, name))));
  const names = databaseFiles.filter((_, index) => found[index]);
  if (names.includes(databaseFile)) return names;
  const message = `${dataDir} has no ${databaseFile}, so there is nothing to back up: name a coordinator's data folder with --data DIR`;
  throw new FaultError("missing", "no_database", message);
}
