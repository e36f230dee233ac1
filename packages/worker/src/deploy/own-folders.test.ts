/** Folders that are bound into containers: made by us, nobody's link followed, secrets in memory only. */

import {
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { memoryRoot } from "./memory-folder.ts";
import { ownFolder } from "./own-folder.ts";
import { secretFiles } from "./secret-files.ts";
import { mountVolumes, removeVolumes, volumeProblem } from "./volumes.ts";

const volume = (path: string, name = "notes") => ({ name, path, readOnly: false });

test.each([
  ["data", "is not absolute"],
  ["/", "is the root itself"],
  ["/data/", "is not in its shortest form"],
  ["/data/../etc", "is not in its shortest form"],
  ["/data//x", "is not in its shortest form"],
  ["/etc", "would hide, /etc"],
  ["/usr/lib/x", "would hide, /usr"],
  ["/proc/1", "would hide, /proc"],
  ["/sys", "would hide, /sys"],
  ["/dev/shm", "would hide, /dev"],
  ["/run", "would hide, /run/haversack"],
  ["/run/haversack/secrets", "would hide, /run/haversack"],
  ["/opt", "would hide, /opt/haversack"],
  ["/a\u0000b", "control"],
  ["/a%2fb", "percent"],
])("the target %j is refused: %s", (path, problem) => {
  expect(volumeProblem([volume(path)])).toContain(problem);
});

test("volumes do not lie within each other, and their names are names", () => {
  expect(volumeProblem([volume("/a"), volume("/a/b", "other")])).toContain("within each other");
  expect(volumeProblem([volume("/a", "../x")])).toContain("no good name");
  expect(volumeProblem([volume("/a"), volume("/ab", "other")])).toBeUndefined();
});

test("a volume is a folder of ours, 0700 above, and stays where it is", async () => {
  await using folder = await tempFolder();
  const data = await realpath(folder.path);
  const mounts = await mountVolumes(data, "web", [volume("/data")]);
  expect(mounts).toEqual([{ source: `${data}/volumes/web/notes`, target: "/data", readOnly: false }]);
  expect((await stat(join(data, "volumes"))).mode & 0o777).toBe(0o700);
  await writeFile(join(data, "volumes/web/notes/kept"), "x");
  await mountVolumes(data, "web", [volume("/data")]);
  expect(await readdir(join(data, "volumes/web/notes"))).toEqual(["kept"]);
  await removeVolumes(data, "web");
  expect(await readdir(join(data, "volumes"))).toEqual([]);
});

test.each([["volumes"], ["volumes/web"], ["volumes/web/notes"]])("a link at %s is refused", async (at) => {
  await using folder = await tempFolder();
  const data = await realpath(folder.path);
  await mkdir(join(data, at, ".."), { recursive: true });
  await symlink("/etc", join(data, at));
  await expect(mountVolumes(data, "web", [volume("/data")])).rejects.toMatchObject({
    code: "own_folder_refused",
    message: expect.stringContaining("is a link"),
  });
});

test("a file in the way, and a name that climbs, are refused", async () => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, "volumes"), "x");
  await expect(ownFolder(folder.path, ["volumes"])).rejects.toMatchObject({ code: "own_folder_refused" });
  for (const name of ["..", ".", "", "a/b"])
    await expect(ownFolder(folder.path, [name])).rejects.toMatchObject({ code: "own_folder_refused" });
});

test("secrets are files in memory, and gone when they are removed", async () => {
  const root = await mkdtemp("/dev/shm/haversack-test-");
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const files = secretFiles([root]);
  const place = { cluster: "fleet-a", name: "web", revision: 1 };
  const folder = await files.folder(place, { isNew: true, withSnapshot: false });
  expect(await files.isFilled(place)).toBe(false);
  await files.write(place, new Map([["api-key", "s3cret-value"]]));
  expect(await files.isFilled(place)).toBe(true);
  const file = join(folder, "secrets", "api-key");
  expect(await readFile(file, "utf8")).toBe("s3cret-value");
  expect((await stat(file)).mode & 0o222).toBe(0);
  expect((await readdir(folder)).toSorted()).toEqual(["secrets", "start"]);
  expect(await files.values(place)).toEqual(["s3cret-value"]);
  await expect(files.write(place, new Map([["../x", "y"]]))).rejects.toMatchObject({
    code: "secret_unavailable",
  });
  await files.remove(place);
  expect(await files.isFilled(place)).toBe(false);
});

const asRoot = test.skipIf(userInfo().uid !== 0);

asRoot("where an engine counts users its own way, they are the container's all the same", async () => {
  const root = await mkdtemp("/dev/shm/haversack-test-");
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const files = secretFiles([root]);
  const place = { cluster: "fleet-a", name: "web", revision: 1 };
  const folder = await files.folder(place, { isNew: true, withSnapshot: false });
  await files.give(place, 100_000);
  await files.write(place, new Map([["api-key", "s3cret-value"]]), 100_000);
  for (const path of ["", "secrets", "secrets/api-key", "start"]) {
    const { uid, gid, mode } = await stat(join(folder, path));
    expect([path, uid, gid, mode & 0o077]).toEqual([path, 110_001, 110_001, 0]);
  }
  expect(await files.values(place)).toEqual(["s3cret-value"]);
});

asRoot("a volume that was given away stays with whom it was given to", async () => {
  await using folder = await tempFolder();
  const data = await realpath(folder.path);
  const [mount] = await mountVolumes(data, "web", [volume("/data")]);
  const source = mount?.source ?? "";
  expect((await stat(source)).uid).toBe(10_001);
  await chown(source, 110_001, 110_001);
  await mountVolumes(data, "web", [volume("/data")]);
  expect((await stat(source)).uid).toBe(110_001);
});

test("a disk is no place for secrets", async () => {
  await using folder = await tempFolder();
  await expect(memoryRoot([folder.path, "/nowhere"])).rejects.toMatchObject({
    code: "secrets_no_memory",
    message: expect.stringMatching(/is no memory file system.*\/nowhere is not there/s),
  });
});
