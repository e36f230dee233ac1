/** Marks in a data folder by which no coordinator starts on it, and nothing takes it for what it was. */

import { join } from "node:path";
import { FaultError, readIfThere } from "@haversack/base";
import { movedFile, restoringFile } from "./data-folder.ts";

/** Rejects when a restore was cut off: the folder is half of the old and half of the new. */
export async function refuseHalfRestored(dataDir: string): Promise<void> {
  const mark = await readIfThere(join(dataDir, restoringFile));
  if (mark === undefined) return;
  const message = `a restore of ${mark.toString("utf8").trim()} into ${dataDir} was cut off: run haversack store restore again`;
  throw new FaultError("unavailable", "half_restored", message);
}

/** Rejects when what the folder keeps lies in PostgreSQL by now. */
export async function refuseMoved(dataDir: string): Promise<void> {
  const path = join(dataDir, movedFile);
  const mark = await readIfThere(path);
  if (mark === undefined) return;
  const where = mark.toString("utf8").trim();
  const message = `the store of ${dataDir} was moved to ${where}: start the coordinator with --store; if that move was cut off and the database is empty, remove ${path}`;
  throw new FaultError("unavailable", "store_moved", message);
}
