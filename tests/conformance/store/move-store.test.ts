/** From the embedded database to PostgreSQL and back, by way of backups: every row, and nothing else (B3). */

import { readdir } from "node:fs/promises";
import { openOwnedFolder } from "@haversack/base";
import { expect, test } from "vitest";
import { backUp } from "../../../packages/coordinator/src/maintenance/backup.ts";
import { checkStore } from "../../../packages/coordinator/src/maintenance/check/check-store.ts";
import { moveToPostgres } from "../../../packages/coordinator/src/maintenance/move-store.ts";
import { prepareDataFolder } from "../../../packages/coordinator/src/maintenance/prepare-data-folder.ts";
import { restoreIntoPostgres } from "../../../packages/coordinator/src/maintenance/restore-postgres.ts";
import { openPostgresStore } from "../../../packages/coordinator/src/store/postgres-store.ts";
import { silentPorts, tempSchema, withPostgres } from "../../support/postgres.ts";
import { busyFolder, ports, signal } from "./backup-world.ts";
import { dag, step, World } from "./store-world.ts";

const faultsOf = async (dataDir: string, store: string) =>
  (await checkStore({ dataDir, store }, signal)).filter(({ ok }) => !ok);

/** One that a worker has. */
async function runningStep({ store }: World) {
  const { runs } = await store.read.runsList({ status: "running", limit: 20 });
  for (const { id } of runs) {
    const { steps } = await store.read.runRead({ id });
    const live = steps.find(
      ({ phase, kind, attempt }) => phase === "running" && kind === "run" && attempt > 0,
    );
    if (live !== undefined) return { runId: id, stepId: live.id };
  }
  throw new Error("nothing runs");
}

withPostgres("moving to PostgreSQL", () => {
  test("keeps every row, under a higher generation, and runs resume; the folder starts no coordinator any more", async () => {
    await using schema = await tempSchema();
    await using busy = await busyFolder();
    const { dataDir, world } = busy;
    const running = await runningStep(world);
    await busy.close();
    const { tables, generation } = await moveToPostgres({ dataDir, url: schema.url }, signal);
    expect(Object.fromEntries(tables.map(({ table, rows }) => [table, rows]))).toMatchObject({
      run: 21,
      approval: 1,
      item_group: 7,
      memory_version: 1,
      log_chunk: 1,
    });
    expect(generation).toMatch(/^2-/);
    expect(await faultsOf(dataDir, schema.url)).toEqual([]);
    await using moved = await openPostgresStore({ url: schema.url, ports: silentPorts });
    expect(moved.generation).toBe(generation);
    // What counts goes on: a new run gets a number of its own, and the worker of an old attempt ends it.
    const after = new World(moved);
    after.now = world.now;
    const worker = after.worker("w");
    await worker.claim(await after.submit(dag(step("new"))), "new");
    const ref = { ...running, attempt: 1, generation: world.store.generation };
    expect(await worker.finish(ref)).toBe(undefined);
    await expect(prepareDataFolder(dataDir, ports, signal)).rejects.toMatchObject({ code: "store_moved" });
    const to = busy.at("stale");
    await expect(backUp({ dataDir, to }, ports, signal)).rejects.toMatchObject({ code: "store_moved" });
    await expect(checkStore({ dataDir }, signal)).rejects.toMatchObject({ code: "store_moved" });
  });

  test("changes nothing when something is there, when a coordinator runs here or there, or when it is cut off", async () => {
    await using schema = await tempSchema();
    await using busy = await busyFolder();
    const { dataDir } = busy;
    const move = () => moveToPostgres({ dataDir, url: schema.url }, signal);
    await busy.close();
    const owned = await openOwnedFolder(dataDir, "data folder");
    await expect(move()).rejects.toMatchObject({ code: "folder_locked" });
    await owned.release();
    {
      await using other = await openPostgresStore({ url: schema.url, ports: silentPorts });
      expect(other.generation).toMatch(/^1-/);
      await expect(move()).rejects.toMatchObject({ code: "coordinators_running" });
    }
    const cut = AbortSignal.abort(new Error("cut"));
    await expect(moveToPostgres({ dataDir, url: schema.url }, cut)).rejects.toThrow("cut");
    await schema.query("insert into worker values ('w', 'b', 'w', 'v', '{}', 1, 1, 1)");
    await expect(move()).rejects.toMatchObject({ code: "database_occupied" });
    expect(await schema.query("select count(*)::int as n from run")).toEqual([{ n: 0 }]);
    await prepareDataFolder(dataDir, ports, signal);
    await schema.query("delete from worker");
    await move();
  });

  test("a backup of PostgreSQL is like any other: checked, put into another PostgreSQL, the same rows", async () => {
    await using first = await tempSchema();
    await using second = await tempSchema();
    await using busy = await busyFolder();
    const { dataDir } = busy;
    await busy.close();
    const moved = await moveToPostgres({ dataDir, url: first.url }, signal);
    const from = busy.at("from-postgres");
    const { manifest, problems } = await backUp({ dataDir, store: first.url, to: from }, ports, signal);
    expect(problems).toEqual([]);
    expect(manifest).toMatchObject({ generation: moved.generation, blobs: { count: 2 } });
    expect((await readdir(from)).toSorted()).toEqual(["blobs", "haversack.db", "logs.db", "manifest.json"]);
    expect((await checkStore({ dataDir: from }, signal)).filter(({ ok }) => !ok)).toEqual([]);
    const restored = await restoreIntoPostgres({ from, dataDir: busy.elsewhere, store: second.url }, signal);
    expect(restored.tables).toEqual(moved.tables);
    expect(restored.generation).toMatch(/^3-/);
    expect(await faultsOf(busy.elsewhere, second.url)).toEqual([]);
    const again = restoreIntoPostgres({ from, dataDir: busy.elsewhere, store: second.url }, signal);
    await expect(again).rejects.toMatchObject({ code: "database_occupied" });
    expect((await readdir(busy.elsewhere)).filter((name) => name.includes("restore"))).toEqual([]);
  });

  test("without tables of ours there is nothing to back up or to check", async () => {
    await using schema = await tempSchema();
    await using busy = await busyFolder();
    const { dataDir } = busy;
    const to = busy.at("b");
    const backup = backUp({ dataDir, store: schema.url, to }, ports, signal);
    await expect(backup).rejects.toMatchObject({ code: "no_database" });
    await expect(faultsOf(dataDir, schema.url)).rejects.toMatchObject({ code: "no_database" });
  });
});
