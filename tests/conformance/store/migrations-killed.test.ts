/** A migration that dies at any statement leaves a database that the old or the new version opens (B2). */

import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { type Migration, migrate, readMigrations } from "../../../packages/coordinator/src/store/migrate.ts";
import {
  migratePostgres,
  type SchemaName,
} from "../../../packages/coordinator/src/store/postgres-migrate.ts";
import { type TempSchema, tempSchema, withPostgres } from "../../support/postgres.ts";
import { statementsOf } from "../../support/sql-statements.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const migrationsOf = (name: string): Migration[] =>
  readMigrations(join(import.meta.dirname, "../../../packages/coordinator/src/store/migrations", name));

/** The same migration, which dies after so many of its statements. */
const cutAfter = (migration: Migration, count: number, death: string): Migration => ({
  ...migration,
  sql: statementsOf(migration.sql).toSpliced(count, 0, death).join("\n"),
});

const objects = (db: DatabaseSync): string =>
  db
    .prepare("select type, name, sql from sqlite_schema where name not like 'sqlite_%' order by type, name")
    .all()
    .map((row) => Object.values(row).join(" "))
    .join("\n");

test("statements are told apart, triggers and functions with their bodies", () => {
  const sql = `-- a note; with a stop
create table a (
  x integer -- why;
);
create trigger t before update on a
begin
  select raise(abort, 'no');
end;

create function f() returns trigger language plpgsql as $$
begin
  raise exception 'no';
end;
$$;
drop table a;`;
  expect(statementsOf(sql).map((each) => each.trim().slice(0, 14))).toEqual([
    "create table a",
    "create trigger",
    "create functio",
    "drop table a;",
  ]);
});

describe.each(["sqlite", "sqlite-logs"])("the migrations of %s", (name) => {
  test("killed at each statement", async () => {
    await using folder = await tempFolder();
    const all = migrationsOf(name);
    // What there is after each migration; the next one begins with it.
    const reached = new DatabaseSync(":memory:");
    let deaths = 0;
    for (const [index, migration] of all.entries()) {
      migrate(reached, all.slice(0, index + 1), "reached");
      const file = join(folder.path, `${migration.version}.db`);
      const db = new DatabaseSync(file);
      // What a transaction has changed is written to the journal early, as with a large one.
      db.exec("pragma journal_mode = wal; pragma cache_size = 2");
      migrate(db, all.slice(0, index), file);
      for (let count = 0; count <= statementsOf(migration.sql).length; count++) {
        // What a kill leaves is what the files hold at that moment.
        const left = join(folder.path, "left.db");
        db.function("die", () => {
          for (const end of ["", "-wal"]) if (existsSync(file + end)) copyFileSync(file + end, left + end);
          throw new Error("died");
        });
        const cut = cutAfter(migration, count, "select die();");
        expect(() => migrate(db, [...all.slice(0, index), cut], file)).toThrow("died");
        deaths += 1;
        const next = new DatabaseSync(left);
        // For the old version, which knows nothing of the new one: nothing is due.
        expect(migrate(next, all.slice(0, index), left)).toBe(0);
        expect(migrate(next, all.slice(0, index + 1), left)).toBe(1);
        expect(next.prepare("pragma integrity_check").get()).toMatchObject({ integrity_check: "ok" });
        expect(objects(next)).toBe(objects(reached));
        next.close();
        for (const end of ["", "-wal", "-shm"]) rmSync(left + end, { force: true });
      }
      db.close();
    }
    reached.close();
    expect(deaths).toBeGreaterThan(all.length);
  });
});

withPostgres("the migrations of PostgreSQL", () => {
  test.each(["postgres", "postgres-logs"] as const)("%s, killed at each statement", async (name) => {
    await using schema = await tempSchema();
    const all = migrationsOf(name);
    const death = "select pg_terminate_backend(pg_backend_pid());";
    for (const [index, migration] of all.entries()) {
      const before = await objectsOf(schema);
      for (let count = 0; count <= statementsOf(migration.sql).length; count++) {
        const cut = cutAfter(migration, count, death);
        await expect(migrateOn(schema, name, [...all.slice(0, index), cut])).rejects.toThrow("connection");
        expect(await objectsOf(schema)).toEqual(before);
      }
      expect(await migrateOn(schema, name, all.slice(0, index + 1))).toBe(1);
    }
    await using whole = await tempSchema();
    expect(await migrateOn(whole, name, all)).toBe(all.length);
    expect(await objectsOf(schema)).toEqual(await objectsOf(whole));
  });
});

/** @returns how many steps were applied */
async function migrateOn(schema: TempSchema, name: SchemaName, all: readonly Migration[]): Promise<number> {
  const parts = migratePostgres(schema.url, name, all);
  return (await parts).applied;
}

async function objectsOf(schema: TempSchema) {
  const columns = await schema.query(
    `select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
     where table_schema = current_schema() and table_name not like '%migration' order by 1, 2`,
  );
  const indexes = await schema.query(
    `select tablename, indexname from pg_indexes
     where schemaname = current_schema() and tablename not like '%migration' order by 1, 2`,
  );
  return { columns, indexes };
}
