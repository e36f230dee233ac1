import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../tests/support/temp-folder.ts";
import { openOwnedFolder } from "./owned-folder.ts";

describe("a folder with one owner", () => {
  test("is made, locked, and free again after the release", async () => {
    await using folder = await tempFolder();
    const path = join(folder.path, "a/b");
    const owned = await openOwnedFolder(path, "data folder");
    expect(await readdir(path)).toEqual(["lock"]);
    await owned.release();
    expect(await readdir(path)).toEqual([]);
    await (await openOwnedFolder(path, "data folder")).release();
  });

  test("refuses a second owner, also in the same process, and says who has it", async () => {
    await using folder = await tempFolder();
    const owned = await openOwnedFolder(folder.path, "data folder");
    await expect(openOwnedFolder(folder.path, "data folder")).rejects.toMatchObject({
      fault: "unavailable",
      code: "folder_locked",
      message: expect.stringMatching(/^the data folder .* is in use by process \d+; stop it, or choose/),
    });
    await owned.release();
  });

  test("has one owner when many want it at once", async () => {
    await using folder = await tempFolder();
    for (let round = 0; round < 10; round++) {
      const all = await Promise.allSettled(
        Array.from({ length: 8 }, () => openOwnedFolder(folder.path, "data folder")),
      );
      const owners = all.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
      expect(owners).toHaveLength(1);
      await owners[0]?.release();
      expect(await readdir(folder.path)).toEqual([]);
    }
  });

  test.each([
    ["of a process that is gone", "999999999 1"],
    ["of another process under a number that was used again", `${process.ppid} 1`],
    ["that is empty", ""],
    ["that is no lock at all", "hello"],
  ])("takes over a lock %s", async (_, content) => {
    await using folder = await tempFolder();
    await writeFile(join(folder.path, "lock"), content);
    const owned = await openOwnedFolder(folder.path, "data folder");
    expect(await readFile(join(folder.path, "lock"), "utf8")).toMatch(new RegExp(`^${process.pid} `));
    await owned.release();
  });

  test("that cannot be used is refused with what to do", async () => {
    await using folder = await tempFolder();
    await writeFile(join(folder.path, "file"), "");
    await expect(openOwnedFolder(join(folder.path, "file"), "data folder")).rejects.toMatchObject({
      code: "folder_unusable",
      message: expect.stringContaining("choose another with --data DIR"),
    });
    await chmod(folder.path, 0o700);
  });
});
