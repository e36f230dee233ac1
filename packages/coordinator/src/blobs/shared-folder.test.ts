import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { checkSharedFolder, folderIdFile } from "./shared-folder.ts";

/** What the database knows. */
function database(known?: string) {
  let named = known;
  return { known: async () => named, name: async (id: string) => (named ??= id) };
}

test("the first coordinator names the folder, and whoever has the same one may start", async () => {
  await using folder = await tempFolder();
  const names = database();
  await checkSharedFolder(folder.path, names, "first");
  await checkSharedFolder(folder.path, names, "second");
  expect(await names.known()).toBe("first");
  expect(await readFile(join(folder.path, folderIdFile), "utf8")).toBe("first\n");
});

test("one with a folder of its own may not, and is told what to do", async () => {
  await using one = await tempFolder();
  await using other = await tempFolder();
  const names = database();
  await checkSharedFolder(one.path, names, "first");
  const refused = checkSharedFolder(other.path, names, "second");
  await expect(refused).rejects.toMatchObject({ code: "other_blobs" });
  await expect(refused).rejects.toThrow(`mount or link the one folder of artifacts at ${other.path}`);
  // The artifacts are lost, and somebody says so.
  await writeFile(join(other.path, folderIdFile), "first");
  await checkSharedFolder(other.path, names, "second");
});

test("of two that start at once with folders of their own, one may not", async () => {
  await using one = await tempFolder();
  await using other = await tempFolder();
  const names = database();
  const asked = { ...names, known: async () => undefined };
  await checkSharedFolder(one.path, asked, "first");
  await expect(checkSharedFolder(other.path, asked, "second")).rejects.toMatchObject({ code: "other_blobs" });
});

test("a start that was cut off after the file was written goes on with it", async () => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, folderIdFile), "earlier\n");
  const names = database();
  await checkSharedFolder(folder.path, names, "later");
  expect(await names.known()).toBe("earlier");
});
