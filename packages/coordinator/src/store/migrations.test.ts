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
const things = "select name from sqlite_schema where name not like 'sqlite_%' order by name";

/** What the migrations up to one keep of the rows above. */
function migrateTo(db: DatabaseSync, file: string, version: number): void {
  const due = all.filter((migration) => migration.version <= version);
  expect(migrate(db, due, file)).toBeGreaterThan(0);
  expect(read(db, "pragma foreign_key_check")).toEqual([]);
  expect(read(db, "pragma integrity_check")).toEqual([{ integrity_check: "ok" }]);
}

function expectGuards(db: DatabaseSync): void {
  // The references are followed again, and still lead to the steps.
  expect(() => db.exec("delete from step where idx = 0")).toThrow("FOREIGN KEY");
  expect(() => db.exec("update artifact set idx = 9")).toThrow("FOREIGN KEY");
  expect(() => db.exec("update step set phase = 'ready' where idx = 0")).toThrow("does not change");
  expect(() => db.exec("update step set phase = 'asleep' where idx = 1")).toThrow("CHECK");
  db.exec("update step set phase = 'skipped' where idx = 1");
  expect(() => db.exec("update step set phase = 'ready' where idx = 1")).toThrow("does not change");
  expect(() => db.exec("update run set forgotten = 1")).toThrow("not forgotten");
  db.exec("update run set status = 'succeeded'");
  expect(() => db.exec("update run set status = 'running'")).toThrow("does not change");
}

test("steps become able to be skipped, and keep their rows, references, indexes and guards", async () => {
  await using world = await open();
  const { db, file } = world;
  migrateTo(db, file, 5);
  db.exec(rows);
  const [before, schema] = [read(db, "select * from step order by idx"), read(db, things)];
  migrateTo(db, file, 7);
  expect(read(db, "select * from step order by idx")).toMatchObject(before);
  for (const table of ["attempt", "artifact", "event", "run"])
    expect([table, read(db, `select * from ${table}`).length]).toEqual([table, 1]);
  expect(read(db, things)).toEqual(expect.arrayContaining(schema));
  expectGuards(db);
});

test("rows move under the numbers of their runs, and live attempts into their steps", async () => {
  await using world = await open();
  const { db, file } = world;
  migrateTo(db, file, 7);
  db.exec(rows);
  db.exec(`
    insert into step (run_id, idx, step_id, kind, phase, waiting_for, attempt, worker_id, labels)
      values ('r', 2, 'c', 'run', 'running', 0, 2, 'w2', '{}');
    insert into attempt values ('r', 2, 1, 'g', 'w', 'boot', 'lost', 1, 1, 1, 4, null),
                               ('r', 2, 2, 'g2', 'w2', 'boot2', 'running', 9, 8, 8, null, null);
    insert into event values ('r', 2, 3, '{"kind":"run"}');`);
  const kept =
    "idx, step_id, kind, phase, attempt, failed_count, labels, started_at, failure, exit_code, outputs, pin_digest";
  const before = read(db, `select ${kept} from step order by idx`);
  const [run] = read(db, "select * from run");
  migrateTo(db, file, 8);
  expect(read(db, `select ${kept} from step order by idx`)).toEqual(before);
  expect(read(db, "select * from run")).toEqual([{ ...run, no: 1 }]);
  const newest = "idx, generation, worker_id, boot_id, lease_until, claimed_at";
  expect(read(db, `select ${newest} from step where generation is not null order by idx`)).toEqual([
    { idx: 0, generation: "g", worker_id: "w", boot_id: "boot", lease_until: 1, claimed_at: 1 },
    { idx: 2, generation: "g2", worker_id: "w2", boot_id: "boot2", lease_until: 9, claimed_at: 8 },
  ]);
  expect(read(db, "select run, idx, attempt, phase, result_digest from attempt")).toEqual([
    { run: 1, idx: 0, attempt: 3, phase: "failed", result_digest: "x" },
    { run: 1, idx: 2, attempt: 1, phase: "lost", result_digest: null },
  ]);
  expect(read(db, "select run, idx, path from artifact")).toEqual([{ run: 1, idx: 0, path: "out.txt" }]);
  expect(read(db, "select * from event")).toEqual([
    { run: 1, seq: 1, at: 1, changes: "[{}]" },
    { run: 1, seq: 2, at: 3, changes: '[{"kind":"run"}]' },
  ]);
  expectGuards(db);
});

test("runs get labels and stored DAGs variables, and keep what they had", async () => {
  await using world = await open();
  const { db, file } = world;
  migrateTo(db, file, 7);
  db.exec(rows);
  db.exec(`insert into stored_dag (name, digest, source, file_name, schedules, put_at)
    values ('demo', 'd', 'text', 'demo.yaml', '[]', 5)`);
  migrateTo(db, file, 9);
  expect(read(db, "select id, created_at, run_labels from run")).toEqual([
    { id: "r", created_at: 1, run_labels: "{}" },
  ]);
  expect(read(db, "select name, source, dotenv from stored_dag")).toEqual([
    { name: "demo", source: "text", dotenv: "{}" },
  ]);
  expectGuards(db);
});

test("steps become able to wait for a person, and keep their rows, references, indexes and guards", async () => {
  await using world = await open();
  const { db, file } = world;
  migrateTo(db, file, 7);
  db.exec(rows);
  migrateTo(db, file, 14);
  const [before, schema] = [read(db, "select * from step order by idx"), read(db, things)];
  migrateTo(db, file, 15);
  expect(read(db, "select * from step order by idx")).toMatchObject(before);
  expect(read(db, things)).toEqual(expect.arrayContaining(schema));
  db.exec("insert into approval (run, idx, prompt, asked_at) values (1, 1, 'ok?', 1)");
  expect(() => db.exec("delete from step where idx = 1")).toThrow("FOREIGN KEY");
  db.exec("update step set phase = 'suspended' where idx = 1");
  expectGuards(db);
});

test("a migration that leaves a reference dangling changes nothing", async () => {
  await using world = await open();
  const { db, file } = world;
  migrateTo(db, file, 7);
  db.exec(rows);
  const old = all.filter(({ version }) => version <= 7);
  const careless = { version: 99, name: "careless", sql: "delete from step where idx = 0;" };
  expect(() => migrate(db, [...old, careless], file)).toThrow("careless");
  expect(read(db, "select * from step")).toHaveLength(2);
  expect(read(db, "pragma foreign_keys")).toEqual([{ foreign_keys: 1 }]);
});
