/** A database of an earlier version comes through the migrations with its rows. */

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { migrate, readMigrations } from "./migrate.ts";

const all = readMigrations(join(import.meta.dirname, "migrations/sqlite"));

/** One row in each table that refers to a step, or that a step refers to. */
const rows = `
  insert into dag values ('d', 'demo', '{}', '');
  insert into run (id, dag_digest, dag_name, status, params, body_digest, created_at, unfinished)
    values ('r', 'd', 'demo', 'running', '{}', 'b', 1, 1);
  insert into step (run_id, idx, step_id, kind, phase, waiting_for, attempt, failed_count, lost_count, not_before, labels,
                    worker_id, started_at, ended_at, failure, exit_code, outputs, usage, pin_digest, snapshot_digest,
                    memory_write)
    values ('r', 0, 'a', 'agent', 'failed', 0, 3, 2, 1, 5, '{"os":"linux"}', 'w', 6, 7, '{"code":"c","message":"m"}', 2,
            '{"n":1}', '{"turns":1}', 'p', 's', '{"global":"none","dag":"append"}'),
           ('r', 1, 'b', 'run', 'waiting', 1, 0, 0, 0, 0, '{}', null, null, null, null, null, '{}', null, null, null, null);
  insert into attempt values ('r', 0, 3, 'g', 'w', 'boot', 'failed', 1, 1, 1, 1, 'x');
  insert into artifact values ('r', 0, 'out.txt', 'e', 3, 0);
  insert into event values ('r', 1, 1, '{}');
`;

async function open() {
  const folder = await tempFolder();
  const file = join(folder.path, "old.db");
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: true });
  const dispose = async () => {
    db.close();
    await folder[Symbol.asyncDispose]();
  };
  return { db, file, [Symbol.asyncDispose]: dispose };
}
const read = (db: DatabaseSync, sql: string) =>
  db
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }));
const things = "select type, name, tbl_name from sqlite_schema where name not like 'sqlite_%' order by name";

test("steps become able to be skipped, and keep their rows, references, indexes and guards", async () => {
  await using world = await open();
  const { db, file } = world;
  migrate(
    db,
    all.filter(({ version }) => version < 6),
    file,
  );
  db.exec(rows);
  const [before, schema] = [read(db, "select * from step order by idx"), read(db, things)];
  expect(migrate(db, all, file)).toBeGreaterThan(0);
  const after = read(db, "select * from step order by idx");
  expect(after).toMatchObject(before);
  for (const table of ["attempt", "artifact", "event", "run"])
    expect([table, read(db, `select * from ${table}`).length]).toEqual([table, 1]);
  expect(read(db, "pragma foreign_key_check")).toEqual([]);
  expect(read(db, "pragma integrity_check")).toEqual([{ integrity_check: "ok" }]);
  expect(read(db, things)).toEqual(expect.arrayContaining(schema));
  // The references are followed again, and still lead to the steps.
  expect(() => db.exec("delete from step where idx = 0")).toThrow("FOREIGN KEY");
  expect(() => db.exec("insert into artifact values ('r', 9, 'x', 'e', 3, 0)")).toThrow("FOREIGN KEY");
  expect(() => db.exec("update step set phase = 'ready' where idx = 0")).toThrow("does not change");
  expect(() => db.exec("update step set phase = 'asleep' where idx = 1")).toThrow("CHECK");
  db.exec("update step set phase = 'skipped' where idx = 1");
  expect(() => db.exec("update step set phase = 'ready' where idx = 1")).toThrow("does not change");
});

test("a migration that leaves a reference dangling changes nothing", async () => {
  await using world = await open();
  const { db, file } = world;
  migrate(db, all, file);
  db.exec(rows);
  const careless = { version: 99, name: "careless", sql: "delete from step where idx = 0;" };
  expect(() => migrate(db, [...all, careless], file)).toThrow("careless");
  expect(read(db, "select * from step")).toHaveLength(2);
  expect(read(db, "pragma foreign_keys")).toEqual([{ foreign_keys: 1 }]);
});
