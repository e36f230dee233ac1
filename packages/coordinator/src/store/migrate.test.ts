import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { migrate, readMigrations } from "./migrate.ts";
import { openSqlite } from "./sqlite-database.ts";

const first = {
  version: 1,
  name: "init",
  sql: "create table a (x integer) strict; insert into a values (1);",
};
const second = {
  version: 2,
  name: "more",
  sql: "create table b (y integer) strict; insert into b values (2);",
};

async function setup() {
  const folder = await tempFolder();
  const file = join(folder.path, "test.db");
  const open: DatabaseSync[] = [];
  const database = () => {
    const db = new DatabaseSync(file);
    open.push(db);
    return db;
  };
  const dispose = async () => {
    for (const db of open) if (db.isOpen) db.close();
    await folder[Symbol.asyncDispose]();
  };
  return { folder, file, database, [Symbol.asyncDispose]: dispose };
}
const tables = (db: DatabaseSync) =>
  db
    .prepare("select name from sqlite_schema where type = 'table' order by name")
    .all()
    .map((row) => row["name"]);

describe("migrations", () => {
  test("are applied once, in order, and the rest later", async () => {
    await using world = await setup();
    const db = world.database();
    expect(migrate(db, [first], world.file)).toBe(1);
    expect(migrate(db, [first], world.file)).toBe(0);
    expect(migrate(db, [first, second], world.file)).toBe(1);
    expect(db.prepare("select version, name from migration").all()).toMatchObject([
      { version: 1, name: "init" },
      { version: 2, name: "more" },
    ]);
  });

  test("one that fails in the middle leaves the database as it was, for the old version too", async () => {
    await using world = await setup();
    const db = world.database();
    migrate(db, [first], world.file);
    const broken = { ...second, sql: `${second.sql} insert into nowhere values (1);` };
    expect(() => migrate(db, [first, broken], world.file)).toThrow("nowhere");
    expect(tables(db)).toEqual(["a", "migration"]);
    expect(migrate(db, [first], world.file)).toBe(0);
    expect(migrate(db, [first, second], world.file)).toBe(1);
    expect(tables(db)).toEqual(["a", "b", "migration"]);
  });

  test("one whose process dies at any statement leaves the old or the new one (B2)", async () => {
    await using world = await setup();
    migrate(world.database(), [first], world.file);
    for (const deadAt of [1, 2]) {
      const db = world.database();
      // The process "dies": the connection goes in the middle of the transaction.
      db.exec("begin immediate");
      db.prepare("insert into migration (version, name) values (2, 'more')").run();
      if (deadAt === 2) db.exec("create table b (y integer) strict");
      db.close();
      expect(tables(world.database())).toEqual(["a", "migration"]);
    }
    expect(migrate(world.database(), [first, second], world.file)).toBe(1);
  });

  test("a database of a later version is refused and not touched", async () => {
    await using world = await setup();
    const db = world.database();
    migrate(db, [first, second], world.file);
    expect(() => migrate(db, [first], world.file)).toThrow(
      `${world.file} has schema 2, this version knows 1: start the version that made it, or a later one`,
    );
    expect(tables(db)).toEqual(["a", "b", "migration"]);
  });

  test("are read from their files by number", async () => {
    await using world = await setup();
    const folder = join(world.folder.path, "migrations");
    await mkdir(folder);
    for (const name of ["0002-more.sql", "0001-init.sql", "README.md"])
      await writeFile(join(folder, name), name);
    expect(readMigrations(folder)).toEqual([
      { version: 1, name: "init", sql: "0001-init.sql" },
      { version: 2, name: "more", sql: "0002-more.sql" },
    ]);
  });
});

test("a file that is no database is refused by name, with what to do", async () => {
  await using world = await setup();
  await writeFile(world.file, "this is no database, however long it may be ".repeat(100));
  expect(() => openSqlite({ file: world.file, migrations: world.folder.path })).toThrow(
    expect.objectContaining({ code: "database_unusable", message: expect.stringContaining(world.file) }),
  );
});
