/** Logs of runs that a copy of the database does not have: forgotten while the copies were made. */

import { join } from "node:path";
import { SqliteTx } from "../store/sqlite-database.ts";
import { logsAttachRuns, logsDetachRuns, logsOfNoRun } from "../store/statements/sqlite-orphan-logs.ts";
import { withDatabase } from "./copy-database.ts";
import { databaseFile, logsFile } from "./data-folder.ts";
import { dueMigrations } from "./schema-versions.ts";

/**
 * Of an older schema nothing is known, and nobody uses it: it is left as it is.
 * @param folder of copies
 * @param names of those that are there
 * @returns whether they have the schema of this version
 */
export function trimLogs(folder: string, names: readonly string[]): boolean {
  const isCurrent = dueMigrations(folder).every(({ name, due }) => due.length === 0 || !names.includes(name));
  if (isCurrent && names.includes(logsFile)) trim(folder);
  return isCurrent;
}

function trim(folder: string): void {
  withDatabase(join(folder, logsFile), {}, (db) => {
    const tx = new SqliteTx(db);
    tx.run(logsAttachRuns, join(folder, databaseFile));
    for (const statement of logsOfNoRun) tx.run(statement);
    tx.run(logsDetachRuns);
  });
}
