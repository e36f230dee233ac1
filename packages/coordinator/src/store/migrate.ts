/**
 * Numbered, forward-only migrations. Each runs in a transaction of its own together with its version row, so that a
 * kill at any point leaves a database that the old or the new version opens. A database of a later version is refused.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { FaultError, invariant } from "@haversack/base";

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** @param folder one file for each step, `NNNN-name.sql` */
export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .map((file) => ({
      version: Number(file.slice(0, 4)),
      name: file.slice(5, -".sql".length),
      sql: readFileSync(join(folder, file), "utf8"),
    }));
}

/** @returns how many were applied */
export function migrate(db: DatabaseSync, migrations: readonly Migration[], file: string): number {
  db.exec("create table if not exists migration (version integer primary key, name text not null) strict");
  const row = db.prepare("select coalesce(max(version), 0) as version from migration").get();
  const current = Number(row?.["version"] ?? 0);
  const newest = migrations.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new FaultError(
      "conflict",
      "newer_schema",
      `${file} has schema ${current}, this version knows ${newest}: start the version that made it, or a later one`,
    );
  }
  const due = migrations.filter(({ version }) => version > current);
  if (due.length > 0) withoutReferences(db, () => due.forEach((migration) => apply(db, migration)));
  return due.length;
}

/**
 * A table that others refer to is made anew by dropping it, which deletes its rows as far as references are concerned.
 * So they are not followed meanwhile, and checked as a whole before each commit. The pragma does nothing in a transaction.
 */
function withoutReferences(db: DatabaseSync, work: () => void): void {
  const isOn = db.prepare("pragma foreign_keys").get()?.["foreign_keys"] === 1;
  db.exec("pragma foreign_keys = off");
  try {
    work();
  } finally {
    if (isOn) db.exec("pragma foreign_keys = on");
  }
}

function apply(db: DatabaseSync, { version, name, sql }: Migration): void {
  db.exec("begin immediate");
  try {
    // The version row goes in first: of two starters, the second fails here and harms nothing.
    db.prepare("insert into migration (version, name) values (?, ?)").run(version, name);
    db.exec(sql);
    const dangling = db.prepare("pragma foreign_key_check").get();
    invariant(
      dangling === undefined,
      `migration ${name} leaves no reference dangling: ${JSON.stringify(dangling)}`,
    );
    db.exec("commit");
  } catch (error) {
    db.exec("rollback");
    throw error;
  }
}
