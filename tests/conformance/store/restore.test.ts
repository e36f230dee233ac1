/** What a restore means to those who lived on. */

import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openOwnedFolder } from "@haversack/base";
import { describe, expect, test } from "vitest";
import { backUp } from "../../../packages/coordinator/src/maintenance/backup.ts";
import { manifestName } from "../../../packages/coordinator/src/maintenance/manifest.ts";
import { prepareDataFolder } from "../../../packages/coordinator/src/maintenance/prepare-data-folder.ts";
import { restoreBackup } from "../../../packages/coordinator/src/maintenance/restore.ts";
import { finishedRun, openFolder, ports, setup, signal } from "./backup-world.ts";
import { dag, step } from "./store-world.ts";

describe("a restore", () => {
  test("fences out workers of the time after the backup, however high their attempts are (B1)", async () => {
    await using world = await setup();
    const worker = world.world.worker("w");
    const runId = await world.world.submit(
      dag(step("a", [], { retry: { limit: 9, backoff: "fixed", delayMs: 0, maxDelayMs: 0 } })),
    );
    const first = await worker.claim(runId, "a");
    await backUp({ dataDir: world.dataDir, to: world.at("b") }, ports, signal);
    const lost = [first];
    for (let count = 0; count < 3; count++) {
      await worker.fail(lost.at(-1) ?? first);
      lost.push(await worker.claim(runId, "a"));
    }
    await world.close();
    await rm(world.dataDir, { recursive: true });
    const { generation } = await restoreBackup(
      { from: world.at("b"), dataDir: world.dataDir },
      ports,
      signal,
    );
    await using restored = await openFolder(world.dataDir);
    expect(restored.store.generation).toBe(generation);
    const again = restored.world.worker("w");
    await again.greet(lost.slice(-1));
    const fresh = await again.claim(runId, "a");
    expect(fresh).toMatchObject({ attempt: 2, generation });
    const before = await restored.world.phases(runId);
    for (const ref of lost) {
      expect(await again.finish(ref)).toMatchObject({ ref, reason: expect.any(String) });
      expect(await again.start(ref)).toMatchObject([{ ref }]);
    }
    expect(await restored.world.phases(runId)).toBe(before);
    await again.finish(fresh);
    expect(await restored.world.phases(runId)).toBe("succeeded: a=succeeded");
  });

  test("sets aside what was there, only when it is told to; the generation grows each time, and never repeats", async () => {
    await using world = await setup();
    const kept = await finishedRun(world);
    await backUp({ dataDir: world.dataDir, to: world.at("b") }, ports, signal);
    const later = await finishedRun(world);
    await world.close();
    const asked = { from: world.at("b"), dataDir: world.dataDir };
    await expect(restoreBackup(asked, ports, signal)).rejects.toMatchObject({ code: "folder_occupied" });
    const first = await restoreBackup({ ...asked, replace: true }, ports, signal);
    const second = await restoreBackup({ ...asked, replace: true }, ports, signal);
    expect([first, second].map(({ generation }) => generation.split("-")[0])).toEqual(["2", "3"]);
    const elsewhere = await restoreBackup({ from: world.at("b"), dataDir: world.elsewhere }, ports, signal);
    expect(elsewhere.generation).toMatch(/^2-/);
    expect(elsewhere.generation).not.toBe(first.generation);
    await using restored = await openFolder(world.dataDir);
    await restored.store.read.runRead({ id: kept });
    await expect(restored.store.read.runRead({ id: later })).rejects.toMatchObject({ fault: "missing" });
    expect(await readdir(String(first.aside))).toEqual(expect.arrayContaining(["haversack.db", "logs.db"]));
  });

  test("changes nothing when a coordinator runs on the folder, or when the backup is not whole", async () => {
    await using world = await setup();
    await finishedRun(world);
    const from = world.at("b");
    await backUp({ dataDir: world.dataDir, to: from }, ports, signal);
    const target = { from, dataDir: world.elsewhere };
    const owned = await openOwnedFolder(world.elsewhere, "data folder");
    await expect(restoreBackup(target, ports, signal)).rejects.toMatchObject({ code: "folder_locked" });
    await owned.release();
    for (const name of ["haversack.db", "logs.db"]) {
      const whole = await readFile(join(from, name));
      const changed = Buffer.from(whole);
      changed.writeUInt8(changed.readUInt8(whole.length - 1) ^ 1, whole.length - 1);
      for (const bytes of [changed, whole.subarray(0, -1)]) {
        await writeFile(join(from, name), bytes);
        await expect(restoreBackup(target, ports, signal)).rejects.toMatchObject({ code: "damaged_backup" });
      }
      await writeFile(join(from, name), whole);
    }
    await rm(join(from, "blobs"), { recursive: true });
    await expect(restoreBackup(target, ports, signal)).rejects.toMatchObject({ code: "damaged_backup" });
    await expect(restoreBackup({ ...target, from: world.at("none") }, ports, signal)).rejects.toMatchObject({
      code: "no_backup",
    });
    expect(await readdir(world.elsewhere)).toEqual([]);
  });

  test("refuses a manifest that is no good, and says why", async () => {
    await using world = await setup();
    const from = world.at("b");
    await backUp({ dataDir: world.dataDir, to: from }, ports, signal);
    const text = await readFile(join(from, manifestName), "utf8");
    const changes: [code: string, changed: string][] = [
      ["newer_backup", text.replace('"formatVersion": 1', '"formatVersion": 2')],
      ["newer_schema", text.replace(/"schema": \d+/, '"schema": 9999')],
      ["bad_manifest", text.slice(1)],
      ["bad_manifest", text.replace('"size"', '"bytes"')],
      ["damaged_backup", text.replace('"logs.db"', '"../logs.db"')],
    ];
    for (const [code, changed] of changes) {
      await writeFile(join(from, manifestName), changed);
      const restoring = restoreBackup({ from, dataDir: world.elsewhere }, ports, signal);
      await expect(restoring).rejects.toMatchObject({ code });
    }
  });

  test("that was cut off keeps a coordinator from starting until another one has ended", async () => {
    await using world = await setup();
    const runId = await finishedRun(world);
    const { dataDir } = world;
    await backUp({ dataDir, to: world.at("b") }, ports, signal);
    await world.close();
    // Nothing can be set aside there: it fails in the middle.
    await writeFile(join(dataDir, "backups"), "no folder");
    const asked = { from: world.at("b"), dataDir };
    await expect(restoreBackup({ ...asked, replace: true }, ports, signal)).rejects.toThrow("ENOTDIR");
    await expect(prepareDataFolder(dataDir, ports, signal)).rejects.toMatchObject({ code: "half_restored" });
    await rm(join(dataDir, "backups"));
    await restoreBackup(asked, ports, signal);
    await prepareDataFolder(dataDir, ports, signal);
    await using restored = await openFolder(dataDir);
    await restored.store.read.runRead({ id: runId });
  });
});
