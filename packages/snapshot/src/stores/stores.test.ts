import { lstat, mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { addMemory, buildPin } from "../build/builder.ts";
import { NotInSnapshotError, ReadOnlyStoreError } from "../errors.ts";
import { guardSnapshot } from "../guard.ts";
import { samplePlan } from "../testing/sample.ts";
import { openContent, openSnapshot } from "./open-snapshot.ts";
import { writeSkills } from "./write-skills.ts";

const pack = addMemory(buildPin(samplePlan).gzip, {
  dag: { text: "- a\n", topics: [{ path: "topic.md", text: "t" }] },
});
const opened = openSnapshot(pack.gzip, pack);

/** What may be called on a store that came from a snapshot; every other method must reject. */
const readMethods: Record<string, readonly string[]> = {
  config: ["get"],
  models: ["list", "get"],
  skills: ["list", "get", "instructions", "files", "readFile"],
  souls: ["list", "get"],
  memory: ["scopes", "get", "readTopic", "writable"],
};

describe("read-only stores", () => {
  test("every method that is not a reading one rejects, and never throws", async () => {
    const { content: _, ...stores } = opened;
    expect(Object.keys(stores).toSorted()).toEqual(Object.keys(readMethods).toSorted());
    for (const [name, store] of Object.entries(stores)) {
      const writes = Object.entries(store).filter(([method]) => !readMethods[name]?.includes(method));
      expect(writes.length).toBeGreaterThan(0);
      for (const [method, call] of writes) {
        const error: unknown = await (call as () => Promise<unknown>)().catch((error: unknown) => error);
        expect(error).toBeInstanceOf(ReadOnlyStoreError);
        expect(error).toMatchObject({ code: "read_only_store", method });
      }
    }
  });

  test("an unknown id rejects with what there is", async () => {
    const calls = [
      opened.models.get("maim"),
      opened.skills.get("x"),
      opened.skills.instructions("x"),
      opened.skills.files("x"),
      opened.skills.readFile("release-notes", "../../etc/passwd"),
      opened.souls.get("__proto__"),
      opened.memory.readTopic("dag", "other.md"),
    ];
    for (const call of calls) await expect(call).rejects.toBeInstanceOf(NotInSnapshotError);
    await expect(opened.models.get("maim")).rejects.toMatchObject({
      available: ["local", "main"],
      id: "maim",
    });
  });

  test("values are frozen and without prototype at every depth", () => {
    let count = 0;
    const check = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      count++;
      expect(Object.isFrozen(value)).toBe(true);
      if (!Array.isArray(value)) expect(Object.getPrototypeOf(value)).toBe(null);
      for (const item of Object.values(value)) check(item);
    };
    check(opened.content);
    expect(count).toBeGreaterThan(40);
  });

  test("bytes are a fresh copy for each call", async () => {
    const first = await opened.skills.readFile("release-notes", "assets/logo.bin");
    expect(first).toEqual(Uint8Array.of(255, 0, 254));
    first.fill(0);
    expect(await opened.skills.readFile("release-notes", "assets/logo.bin")).toEqual(
      Uint8Array.of(255, 0, 254),
    );
  });

  test("the caller's bytes may change afterwards", async () => {
    const bytes = pack.gzip;
    const again = openSnapshot(bytes, pack);
    bytes.fill(0);
    expect((await again.souls.get("engineer")).text).toBe("Terse.\n");
  });

  test("read what is there", async () => {
    expect((await opened.config.get()).profile).toBe("release-writer");
    expect(await opened.models.list()).toEqual(["local", "main"]);
    expect(await opened.skills.list()).toEqual([
      { name: "release-notes", description: "Turns commits into release notes" },
    ]);
    expect(await opened.skills.instructions("release-notes")).toBe("# Release notes\n");
    expect(await opened.memory.scopes()).toEqual(["dag", "global"]);
    expect((await opened.memory.get("dag")).text).toBe("- a\n");
    expect(await opened.memory.readTopic("dag", "topic.md")).toBe("t");
    expect(opened.memory.writable("dag")).toBe(true);
    expect(opened.memory.writable("global")).toBe(false);
  });

  test("raw bytes that were guarded elsewhere are checked once more", () => {
    const { raw } = guardSnapshot(pack.gzip, pack);
    expect(openContent(raw, pack.digest).content).toEqual(opened.content);
    raw[20] = (raw[20] ?? 0) ^ 1;
    expect(() => openContent(raw, pack.digest)).toThrowError(
      expect.objectContaining({ code: "snapshot_corrupt" }),
    );
  });
});

describe("skill files on a worker's disk", () => {
  test("have our modes, whatever the mask", async () => {
    await using temp = await tempFolder();
    const folder = join(temp.path, "skills");
    await writeSkills(opened, folder);
    const mode = async (path: string) => ((await lstat(join(folder, path))).mode & 0o777).toString(8);
    expect(await mode("")).toBe("700");
    expect(await mode("release-notes")).toBe("700");
    expect(await mode("release-notes/scripts")).toBe("700");
    expect(await mode("release-notes/scripts/commits.sh")).toBe("755");
    expect(await mode("release-notes/SKILL.md")).toBe("644");
    expect([...(await readFile(join(folder, "release-notes/assets/logo.bin")))]).toEqual([255, 0, 254]);
  });

  test("are never written into a folder that is there, nor through a link", async () => {
    await using temp = await tempFolder();
    const folder = join(temp.path, "skills");
    await mkdir(folder);
    await expect(writeSkills(opened, folder)).rejects.toMatchObject({ code: "EEXIST" });
    const link = join(temp.path, "link");
    await symlink(folder, link);
    await expect(writeSkills(opened, link)).rejects.toMatchObject({ code: "EEXIST" });
  });
});
