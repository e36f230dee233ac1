/** `store check` finds nothing where nothing is wrong, and each thing that is. */

import { appendFile, cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backUp } from "../../../packages/coordinator/src/maintenance/backup.ts";
import { checkStore } from "../../../packages/coordinator/src/maintenance/check/check-store.ts";
import { busyFolder, ports, type Setup, signal } from "./backup-world.ts";

async function faultsIn(dataDir: string, quick = false): Promise<Record<string, readonly string[]>> {
  const checks = await checkStore({ dataDir, quick }, signal);
  return Object.fromEntries(checks.filter(({ ok }) => !ok).map(({ id, faults }) => [id, faults]));
}

/** What the code would refuse: the guards of the database are taken away first. */
function spoil(dataDir: string, sql: string, name = "haversack.db"): void {
  const db = new DatabaseSync(join(dataDir, name), { enableForeignKeyConstraints: false });
  const guards = "select name from sqlite_schema where type = 'trigger'";
  for (const row of db.prepare(guards).all()) db.exec(`drop trigger ${String(row["name"])}`);
  db.exec(sql);
  db.close();
}

describe("store check", () => {
  let busy: Setup;
  beforeAll(async () => {
    busy = await busyFolder();
    await backUp({ dataDir: busy.dataDir, to: busy.at("b") }, ports, signal);
  });
  afterAll(() => busy[Symbol.asyncDispose]());

  /** Of its own for each test. */
  async function copy(): Promise<string> {
    const to = busy.at(`copy-${copies++}`);
    await cp(busy.at("b"), to, { recursive: true });
    return to;
  }
  let copies = 0;

  test("finds nothing in a store that is in use, nor in its backup", async () => {
    expect(await faultsIn(busy.dataDir)).toEqual({});
    expect(await faultsIn(await copy())).toEqual({});
    expect((await checkStore({ dataDir: busy.dataDir }, signal)).length).toBeGreaterThan(12);
  });

  const first = "(select no from run where status = 'succeeded' order by id limit 1)";
  const going = "(select no from run where status = 'running' order by id limit 1)";
  test.each([
    [
      "accepted",
      `insert into attempt select run, idx, 2, generation, worker_id, boot_id, phase, claimed_at, started_at, ended_at, result_digest
                  from attempt where run = ${first}`,
    ],
    ["accepted", `update attempt set phase = 'failed' where run = ${first}`],
    ["accepted", `update step set phase = 'failed' where run = ${first}`],
    ["attempts", `delete from attempt where run = ${first}`],
    ["attempts", `update step set attempt = attempt + 1 where run = ${going} and idx = 0`],
    [
      "attempts",
      `update step set lease_until = null where run = ${going} and phase in ('leased', 'running')`,
    ],
    ["items", "update item_group set open = open + 1"],
    ["items", "delete from step where item is not null and phase = 'waiting'"],
    ["attempts", "delete from item_group"],
    ["counters", `update run set unfinished = unfinished - 1 where no = ${going}`],
    ["items", "update item_group set open = open + 1"],
    ["items", "update item_group set waiting = waiting + 1"],
    ["attempts", "delete from item_group"],
    ["ends", `update run set status = 'succeeded' where no = ${going}`],
    ["ends", `update run set status = 'running' where no = ${first}`],
    [
      "events",
      `delete from event where run = ${first} and seq = (select min(seq) from event where run = ${first})`,
    ],
    [
      "events",
      `delete from event where run = ${first} and seq = (select max(seq) from event where run = ${first})`,
    ],
    ["events", `update event set changes = '[]' where run = ${first}`],
    ["events", `update run set event_seq = event_seq + 1 where no = ${first}`],
    ["named-packs", `update step set pin_digest = 'sha256:none' where run = ${first}`],
    ["queues", `update step set queue = 999 where run = ${going}`],
    ["queues", `update step set gated = 1 where run = ${going}`],
    [
      "limits",
      `insert into shared_limit (no, kind, name) values (99, 'key', 'k');
       insert into queue_limit select 99, no, 1, 0 from queue; update step set gated = 1 where run = ${going}`,
    ],
    ["waiting", `update step set waiting_for = 0 where run = ${going} and phase = 'waiting'`],
    ["waits", "update step set paused = 1 where phase = 'ready'"],
    ["waits", "update step set paused = 0 where paused = 1"],
    ["waits", `update run set paused_at = 1 where no = ${first}`],
    ["waits", "delete from approval"],
    ["memory", "update memory_scope set version = version + 1"],
    ["memory", "delete from memory_version"],
    ["references:haversack.db", "delete from dag"],
  ])("finds what is wrong with %s: %s", async (id, sql) => {
    const dataDir = await copy();
    spoil(dataDir, sql);
    const found = await faultsIn(dataDir);
    expect(Object.keys(found)).toContain(id);
    expect(found[id]?.[0]).toMatch(/\w+ /);
  });

  test.each([
    ["logs", "update log_stream set next_offset = next_offset + 1"],
    ["logs", "delete from log_chunk"],
    ["logs", "update log_chunk set start_offset = 1"],
    ["log-runs", "update log_stream set run_id = 'nobody'; update log_chunk set run_id = 'nobody'"],
  ])("finds what is wrong with %s: %s", async (id, sql) => {
    const dataDir = await copy();
    spoil(dataDir, sql, "logs.db");
    expect(Object.keys(await faultsIn(dataDir))).toEqual([id]);
  });

  test("finds artifacts that are gone or changed, unless it is to be quick", async () => {
    const dataDir = await copy();
    const blobs = join(dataDir, "blobs");
    const files = await readdir(blobs, { recursive: true, withFileTypes: true });
    const [one = "", other = ""] = files
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name));
    await rm(one);
    await appendFile(other, "x");
    const { blobs: faults = [] } = await faultsIn(dataDir);
    expect(faults).toHaveLength(2);
    expect(faults.join()).toMatch(/missing/);
    expect(faults.join()).toMatch(/damaged/);
    expect(await faultsIn(dataDir, true)).toEqual({});
  });

  test("tells twenty faults and that there are more", async () => {
    const dataDir = await copy();
    const runs = Array.from({ length: 22 }, (_, index) => `('${index}', 'a', 1, 'stdout', 7)`);
    spoil(dataDir, `insert into log_stream values ${runs.join()}`, "logs.db");
    const checks = await checkStore({ dataDir }, signal);
    const { faults, more } = checks.find(({ id }) => id === "log-runs") ?? { faults: [], more: false };
    expect([faults.length, more]).toEqual([20, true]);
  });

  test("refuses a folder without a database, and one of another schema", async () => {
    const dataDir = await copy();
    await expect(checkStore({ dataDir: busy.elsewhere }, signal)).rejects.toMatchObject({
      code: "no_database",
    });
    spoil(dataDir, "delete from migration where version = (select max(version) from migration)");
    await expect(checkStore({ dataDir }, signal)).rejects.toMatchObject({
      code: "older_schema",
    });
  });
});
