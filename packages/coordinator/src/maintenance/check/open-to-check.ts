/** Opens a store for reading alone: everything in one transaction, whoever writes meanwhile. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FaultError } from "@haversack/base";
import { PostgresTx } from "../../store/postgres-tx.ts";
import { SqliteTx } from "../../store/sqlite-database.ts";
import type { Tx } from "../../store/statement.ts";
import { tableNames } from "../../store/statements/sqlite-tables.ts";
import { databaseFile, isThere, logsFile } from "../data-folder.ts";
import { refuseMoved } from "../folder-marks.ts";
import { openSnapshot } from "../postgres-snapshot.ts";
import { dueMigrations } from "../schema-versions.ts";
import { type EngineCheck, sqliteChecks } from "./engine-checks.ts";

export interface OpenedToCheck extends AsyncDisposable {
  readonly tx: Tx;
  readonly logs: Tx | undefined;
  /** What the engine can say about its own files. */
  readonly engine: readonly EngineCheck[];
}

/** @param dataDir or a backup, which has its files in the same places */
export async function openFolderToCheck(dataDir: string): Promise<OpenedToCheck> {
  await refuseMoved(dataDir);
  for (const { name, schema, due } of dueMigrations(dataDir)) {
    if (due.length === 0 || (name === logsFile && schema === 0)) continue;
    const message = `${join(dataDir, name)} has schema ${schema}, and what this version checks is schema ${due.at(-1)?.version}: haversack store migrate`;
    const fault = schema === 0 ? "missing" : "conflict";
    throw new FaultError(fault, schema === 0 ? "no_database" : "older_schema", message);
  }
  const open: DatabaseSync[] = [];
  const reading = (name: string): DatabaseSync => {
    const db = new DatabaseSync(join(dataDir, name), { readOnly: true, timeout: 5000 });
    open.push(db);
    db.exec("begin");
    // The transaction begins with the first look.
    new SqliteTx(db).one(tableNames);
    return db;
  };
  // Logs first: a log is written after its run.
  const logs = (await isThere(join(dataDir, logsFile))) ? reading(logsFile) : undefined;
  const db = reading(databaseFile);
  return {
    tx: new SqliteTx(db),
    logs: logs === undefined ? undefined : new SqliteTx(logs),
    engine: [...sqliteChecks(databaseFile, db), ...(logs === undefined ? [] : sqliteChecks(logsFile, logs))],
    async [Symbol.asyncDispose]() {
      for (const each of open) each.close();
    },
  };
}

export async function openPostgresToCheck(url: string): Promise<OpenedToCheck> {
  const connection = await openSnapshot(url);
  const tx = new PostgresTx(connection);
  return { tx, logs: tx, engine: [], [Symbol.asyncDispose]: () => connection.close() };
}
