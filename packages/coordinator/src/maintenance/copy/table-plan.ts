/** Which tables a copy has, in an order in which no row comes before one that it refers to. */

import type { DatabaseSync } from "node:sqlite";
import { text } from "../../store/rows.ts";
import { SqliteTx } from "../../store/sqlite-database.ts";
import { tableColumns, tableParents } from "../../store/statements/sqlite-copy.ts";
import { tableNames } from "../../store/statements/sqlite-tables.ts";

export interface PlannedTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** They are about the database that they are in. */
const stays: ReadonlySet<string> = new Set(["migration", "leader", "blob_folder"]);

export function planTables(db: DatabaseSync): PlannedTable[] {
  const tx = new SqliteTx(db);
  const names = tx
    .all(tableNames)
    .map((row) => text(row, "name"))
    .filter((name) => !stays.has(name));
  const planned: string[] = [];
  const plan = (name: string): void => {
    if (planned.includes(name)) return;
    for (const row of tx.all(tableParents, name)) {
      const parent = text(row, "parent");
      if (parent !== name) plan(parent);
    }
    planned.push(name);
  };
  for (const name of names) plan(name);
  return planned.map((name) => ({
    name,
    columns: tx.all(tableColumns, name).map((row) => text(row, "name")),
  }));
}
