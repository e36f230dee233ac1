/** Logs of runs that a copy of the database does not have: forgotten while the copies were made. */

import { join } from "node:path";
import { SqliteTx } from "../store/sqlite-database.ts";
import { logsAttachRuns, logsDetachRuns, logsOfNoRun } from "../store/statements/sqlite-orphan-logs.ts";
import { withDatabase } from "./copy-database.ts";
import { databaseFile, logsFile } from "./data-folder.ts";

/** @param folder of copies that nobody uses */
export function trimLogs(folder: string): void {
  withDatabase(join(folder, logsFile), {}, (db) => {
    const tx = new SqliteTx(db);
    tx.run(logsAttachRuns, join(folder, databaseFile));
    for (const statement of logsOfNoRun) tx.run(statement);
    tx.run(logsDetachRuns);
  });
}
