/** Backups of stores that are in use. */

import { appendFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RunId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { backUp } from "../../../packages/coordinator/src/maintenance/backup.ts";
import { manifestName } from "../../../packages/coordinator/src/maintenance/manifest.ts";
import { restoreBackup } from "../../../packages/coordinator/src/maintenance/restore.ts";
import { verifyBackup } from "../../../packages/coordinator/src/maintenance/verify-backup.ts";
import { finishedRun, openFolder, ports, setup, signal } from "./backup-world.ts";

describe("a backup", () => {
  test("put into an empty folder has the runs, the logs and the artifacts", async () => {
    await using world = await setup();
    const runId = await finishedRun(world);
    const { manifest, problems } = await backUp({ dataDir: world.dataDir, to: world.at("b") }, ports, signal);
    expect(problems).toEqual([]);
    expect(manifest).toMatchObject({ blobs: { count: 1, bytes: 7 }, generation: world.store.generation });
    const before = await world.store.read.runRead({ id: runId });
    await restoreBackup({ from: world.at("b"), dataDir: world.elsewhere }, ports, signal);
    await using restored = await openFolder(world.elsewhere);
    expect(await restored.store.read.runRead({ id: runId })).toEqual(before);
    const pieces = await restored.logs.read.logsRead({ runId, stepId: "", after: 0, limit: 10 });
    expect(pieces.map(({ data }) => Buffer.from(data).toString("utf8"))).toEqual(["hello\n"]);
    const [blob] = await readdir(join(world.elsewhere, "blobs"));
    expect(blob).toMatch(/^[0-9a-f]{2}$/);
  });

  test("taken while runs are submitted and ended has everything that was acknowledged before it began", async () => {
    await using world = await setup();
    const over = new AbortController();
    const acknowledged: RunId[] = [];
    const load = (async () => {
      while (!over.signal.aborted)
        acknowledged.push(...(await Promise.all(Array.from({ length: 20 }, () => finishedRun(world)))));
    })();
    for (let round = 0; round < 3; round++) {
      while (acknowledged.length < (round + 1) * 20) await new Promise((resolve) => setImmediate(resolve));
      const known = [...acknowledged];
      const to = world.at(`b${round}`);
      const { problems } = await backUp({ dataDir: world.dataDir, to }, ports, signal);
      expect(problems).toEqual([]);
      await verifyBackup(to, signal);
      await restoreBackup({ from: to, dataDir: world.at(`r${round}`) }, ports, signal);
      await using restored = await openFolder(world.at(`r${round}`));
      for (const id of known) expect((await restored.store.read.runRead({ id })).status).toBe("succeeded");
    }
    over.abort();
    await load;
  });

  test("has no tokens unless they are asked for, and leaves nothing behind when it fails", async () => {
    await using world = await setup();
    const { dataDir } = world;
    await writeFile(join(dataDir, "admin.token"), "hv1_secret\n", { mode: 0o600 });
    await backUp({ dataDir, to: world.at("without") }, ports, signal);
    expect(await readdir(world.at("without"))).toEqual(["blobs", "haversack.db", "logs.db", manifestName]);
    await backUp({ dataDir, to: world.at("with"), withTokens: true }, ports, signal);
    expect((await stat(join(world.at("with"), "admin.token"))).mode & 0o777).toBe(0o600);
    expect((await stat(world.at("with"))).mode & 0o777).toBe(0o700);
    const again = backUp({ dataDir, to: world.at("with") }, ports, signal);
    await expect(again).rejects.toMatchObject({ code: "backup_exists" });
    await expect(backUp({ dataDir: world.at("none") }, ports, signal)).rejects.toMatchObject({
      code: "no_database",
    });
    const cut = AbortSignal.abort(new Error("cut"));
    await expect(backUp({ dataDir, to: world.at("cut") }, ports, cut)).rejects.toThrow("cut");
    expect((await readdir(world.at("."))).toSorted()).toEqual(["data", "with", "without"]);
  });

  test("saves the rest when the logs are lost, and a restore of it has new ones", async () => {
    await using world = await setup();
    const runId = await finishedRun(world);
    await world.close();
    for (const name of (await readdir(world.dataDir)).filter((each) => each.startsWith("logs.db")))
      await rm(join(world.dataDir, name));
    const to = world.at("b");
    const { manifest } = await backUp({ dataDir: world.dataDir, to }, ports, signal);
    expect(manifest.databases.map(({ path }) => path)).toEqual(["haversack.db"]);
    await restoreBackup({ from: to, dataDir: world.elsewhere }, ports, signal);
    await using restored = await openFolder(world.elsewhere);
    expect((await restored.store.read.runRead({ id: runId })).status).toBe("succeeded");
  });

  test("says which artifacts are not there or not what they were", async () => {
    await using world = await setup();
    await finishedRun(world, "one");
    await finishedRun(world, "other");
    const blobs = join(world.dataDir, "blobs");
    const files = (await readdir(blobs, { recursive: true, withFileTypes: true })).filter((each) =>
      each.isFile(),
    );
    const [first, second] = files.map((each) => join(each.parentPath, each.name));
    await rm(String(first));
    await appendFile(String(second), "x");
    const { problems, manifest } = await backUp({ dataDir: world.dataDir, to: world.at("b") }, ports, signal);
    expect(problems.map(({ state }) => state).toSorted()).toEqual(["damaged", "missing"]);
    expect(manifest.blobs?.count).toBe(0);
    await verifyBackup(world.at("b"), signal);
  });
});
