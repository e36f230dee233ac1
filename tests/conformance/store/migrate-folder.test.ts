/** What happens to a data folder of an earlier version before it is migrated. */

import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { openOwnedFolder } from "@haversack/base";
import { expect, test } from "vitest";
import { backUp } from "../../../packages/coordinator/src/maintenance/backup.ts";
import {
  inspectDatabase,
  withDatabase,
} from "../../../packages/coordinator/src/maintenance/copy-database.ts";
import { migrateStore } from "../../../packages/coordinator/src/maintenance/migrate-store.ts";
import { prepareDataFolder } from "../../../packages/coordinator/src/maintenance/prepare-data-folder.ts";
import { restoreBackup } from "../../../packages/coordinator/src/maintenance/restore.ts";
import { dueMigrations } from "../../../packages/coordinator/src/maintenance/schema-versions.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { newestSchema, oldFolder, openFolder, ports, signal } from "./backup-world.ts";

const schemaOf = (path: string): number => inspectDatabase(join(path, "haversack.db")).schema;

test("a backup of the old databases comes first, and leads back", async () => {
  await using folder = await tempFolder();
  const dataDir = await oldFolder(join(folder.path, "data"));
  await prepareDataFolder(dataDir, ports, signal);
  const [backup = ""] = await readdir(join(dataDir, "backups"));
  const newest = newestSchema();
  expect(backup).toMatch(new RegExp(`^before-schema-${newest}-\\d{4}-`));
  const from = join(dataDir, "backups", backup);
  expect(schemaOf(from)).toBe(1);
  await (await openFolder(dataDir)).close();
  expect(schemaOf(dataDir)).toBe(newest);
  // Up to date: no more backups.
  await prepareDataFolder(dataDir, ports, signal);
  expect(await readdir(join(dataDir, "backups"))).toEqual([backup]);
  await restoreBackup({ from, dataDir, replace: true }, ports, signal);
  expect(schemaOf(dataDir)).toBe(1);
});

test("the newest three such backups are kept, and nothing else is touched", async () => {
  await using folder = await tempFolder();
  const dataDir = await oldFolder(join(folder.path, "data"));
  let now = Date.UTC(2026, 0, 31);
  const later = { ...ports, clock: { ...ports.clock, now: () => (now += 60_000) } };
  await mkdir(join(dataDir, "backups/mine"), { recursive: true });
  const made: string[] = [];
  for (let round = 0; round < 5; round++) {
    await prepareDataFolder(dataDir, later, signal);
    made.push(...(await readdir(join(dataDir, "backups"))).filter((each) => !made.includes(each)));
  }
  const left = await readdir(join(dataDir, "backups"));
  expect(left).toEqual([...made.filter((each) => each !== "mine").slice(-3), "mine"]);
});

test("a new folder has nothing to back up", async () => {
  await using folder = await tempFolder();
  await prepareDataFolder(folder.path, ports, signal);
  expect(await readdir(folder.path)).toEqual([]);
});

test("store migrate tells what it would do, does it, and refuses a folder in use and a newer schema", async () => {
  await using folder = await tempFolder();
  const dataDir = await oldFolder(join(folder.path, "data"));
  const told = await migrateStore({ dataDir, dryRun: true }, ports, signal);
  expect(told.databases).toEqual(dueMigrations(dataDir));
  expect(told.databases.find(({ name }) => name === "haversack.db")).toMatchObject({ schema: 1 });
  expect(await readdir(dataDir)).toEqual(["haversack.db", "logs.db"]);
  const owned = await openOwnedFolder(dataDir, "data folder");
  const inUse = migrateStore({ dataDir, dryRun: false }, ports, signal);
  await expect(inUse).rejects.toMatchObject({ code: "folder_locked" });
  await owned.release();
  const done = await migrateStore({ dataDir, dryRun: false }, ports, signal);
  expect(done).toMatchObject({ databases: told.databases, backup: expect.stringContaining("before-schema") });
  expect(dueMigrations(dataDir).flatMap(({ due }) => due)).toEqual([]);
  const again = await migrateStore({ dataDir, dryRun: false }, ports, signal);
  expect(again.backup).toBe(undefined);
  withDatabase(join(dataDir, "logs.db"), {}, (db) => db.exec("insert into migration values (9999, 'later')"));
  for (const dryRun of [true, false]) {
    const refused = migrateStore({ dataDir, dryRun }, ports, signal);
    await expect(refused).rejects.toMatchObject({ code: "newer_schema" });
  }
});

test("artifacts of an older schema are not guessed at", async () => {
  await using folder = await tempFolder();
  const dataDir = await oldFolder(join(folder.path, "data"));
  const to = join(folder.path, "b");
  await expect(backUp({ dataDir, to }, ports, signal)).rejects.toMatchObject({ code: "older_schema" });
  expect(await readdir(folder.path)).toEqual(["data"]);
  await backUp({ dataDir, to, withoutBlobs: true }, ports, signal);
});
