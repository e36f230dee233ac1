/** What lies where in a coordinator's data folder, and in a backup of it. */

import { stat } from "node:fs/promises";
import { systemCodeOf } from "@haversack/base";

export const databaseFile = "haversack.db";
export const logsFile = "logs.db";
/** Logs first: see `backup.ts`. */
export const databaseFiles = [logsFile, databaseFile] as const;
export const blobsFolder = "blobs";
export const backupsFolder = "backups";
export const tokenFiles = ["admin.token", "worker.token"] as const;
/** What it had lies in PostgreSQL now. */
export const movedFile = "moved-to";
/** A restore has begun and has not ended: the folder is half of the old and half of the new. */
export const restoringFile = "restore-unfinished";

/** SQLite's companions of a database file. */
export const companions = (database: string): string[] => [`${database}-wal`, `${database}-shm`];

/** A moment as part of a file name that sorts by time. */
export const fileMoment = (now: number): string => new Date(now).toISOString().replaceAll(/[:.]/g, "-");

export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return false;
    throw error;
  }
}
