/** A copy of a SQLite database that somebody may be writing to, and what is in it. */

import { existsSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { backup, DatabaseSync } from "node:sqlite";
import { FaultError, messageOf } from "@haversack/base";
import { integer, text } from "../store/rows.ts";
import { SqliteTx } from "../store/sqlite-database.ts";
import { rowsCount, schemaVersion, tableNames } from "../store/statements/sqlite-tables.ts";
import { companions } from "./data-folder.ts";

/** All pages in one step, and so in one transaction: between two steps a writer would make the copy start again. */
const allPages = 2 ** 31 - 1;

/** The state of one moment; writers go on meanwhile. The copy is one file, on disk when this resolves. */
export async function copyDatabase(source: string, target: string): Promise<void> {
  const from = openToRead(source);
  try {
    await backup(from, target, { rate: allPages });
  } catch (error) {
    throw new FaultError("unavailable", "database_unusable", `cannot copy ${source}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    from.close();
  }
  // With a journal in WAL mode the copy would be three files.
  withDatabase(target, {}, (db) => db.exec("pragma journal_mode = delete"));
  for (const file of companions(target)) await rm(file, { force: true });
  const file = await open(target, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

export interface DatabaseContent {
  readonly schema: number;
  /** Rows of each table. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Reads all of it. Throws FaultError `corrupt` when SQLite finds it damaged. */
export function inspectDatabase(file: string): DatabaseContent {
  return withDatabase(file, { readOnly: true }, (db) => {
    const problem = firstProblem(db);
    if (problem !== undefined)
      throw new FaultError("corrupt", "damaged_database", `${file} is damaged: ${problem}`);
    const tx = new SqliteTx(db);
    const counts = tx.all(tableNames).map((row): [string, number] => {
      const name = text(row, "name");
      return [name, integer(tx.one(rowsCount(name)) ?? {}, "count")];
    });
    return { schema: schemaOf(tx), counts: Object.fromEntries(counts) };
  });
}

/** Which migration was the last; 0: none was, or there is no such file. */
export function schemaIn(file: string): number {
  if (!existsSync(file)) return 0;
  return withDatabase(file, { readOnly: true }, (db) => schemaOf(new SqliteTx(db)));
}

function schemaOf(tx: SqliteTx): number {
  const isMigrated = tx.all(tableNames).some((row) => row["name"] === "migration");
  return isMigrated ? integer(tx.one(schemaVersion) ?? {}, "version") : 0;
}

/** What SQLite says is wrong, in its own words. */
function firstProblem(db: DatabaseSync): string | undefined {
  const [first] = db.prepare("pragma integrity_check(1)").all();
  if (first?.["integrity_check"] !== "ok") return String(first?.["integrity_check"]);
  const dangling = db.prepare("pragma foreign_key_check").get();
  return dangling === undefined ? undefined : `a reference leads nowhere: ${JSON.stringify(dangling)}`;
}

export function withDatabase<T>(
  file: string,
  options: { readonly readOnly?: boolean },
  work: (db: DatabaseSync) => T,
): T {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { ...options, timeout: 5000 });
    return work(db);
  } catch (error) {
    if (error instanceof FaultError) throw error;
    throw new FaultError("corrupt", "damaged_database", `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    db?.close();
  }
}

function openToRead(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly: true, timeout: 5000 });
  } catch (error) {
    throw new FaultError("missing", "no_database", `there is no database ${file}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
