/** Databases of the embedded engine into an empty schema of PostgreSQL: all of it, compared row by row, or nothing. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { FaultError } from "@haversack/base";
import type { Generation } from "@haversack/protocol";
import { migratePostgres } from "../../store/postgres-migrate.ts";
import { describeDatabase } from "../../store/postgres-url.ts";
import { presenceAlone } from "../../store/statements/postgres-server.ts";
import { openPatient } from "../postgres-snapshot.ts";
import { type CopiedTable, copyIn, isEmpty } from "./postgres-tables.ts";
import { raisePostgres } from "./raise-postgres.ts";
import { planTables } from "./table-plan.ts";

export interface PutIn {
  readonly tables: readonly CopiedTable[];
  readonly generation: Generation;
}

export interface PutAsked {
  /** Of databases with the schema of this version, which nobody writes. */
  readonly folder: string;
  /** Of the databases that are there. */
  readonly names: readonly string[];
  readonly url: string;
  /** Generations that must not come again. */
  readonly earlier: readonly (string | undefined)[];
}

/** Rejects with FaultError `conflict` when something is there already, `unavailable` when a coordinator is connected. */
export async function putIntoPostgres(asked: PutAsked, signal: AbortSignal): Promise<PutIn> {
  const { folder, names, url } = asked;
  await migratePostgres(url, "postgres");
  await migratePostgres(url, "postgres-logs");
  const open = names.map((name) => new DatabaseSync(join(folder, name), { readOnly: true, timeout: 5000 }));
  const connection = await openPatient(url);
  try {
    const alone = (await connection.query(presenceAlone)).rows[0]?.["alone"] === true;
    if (!alone) throw inUse(url);
    await connection.query("begin");
    const tables: CopiedTable[] = [];
    for (const db of open) {
      for (const table of planTables(db)) {
        signal.throwIfAborted();
        if (!(await isEmpty(connection, table.name))) throw occupied(url, table.name);
        tables.push(await copyIn(db, connection, table));
      }
    }
    const generation = await raisePostgres(connection, asked.earlier);
    await connection.query("commit");
    return { tables, generation };
  } finally {
    // What was not committed is undone.
    await connection.close();
    for (const db of open) db.close();
  }
}

function inUse(url: string): FaultError {
  const message = `a coordinator is connected to ${describeDatabase(url)}; stop it first`;
  return new FaultError("unavailable", "coordinators_running", message);
}

function occupied(url: string, table: string): FaultError {
  const message = `${describeDatabase(url)} has rows in ${table} already; an empty schema is needed, such as a new one by ?options=-csearch_path%3DNAME`;
  return new FaultError("conflict", "database_occupied", message);
}
