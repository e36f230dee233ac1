/** The disk of the images folder is really full (I7): a small file system, its own figures, and writes that fail. */

import { readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { smallDisk, withSmallDisks } from "../../../../tests/support/small-disk.ts";
import { comesTrue, type ImagesWorld, imagesWorld } from "../testing/images-world.ts";
import { reserveBytes, systemSpaceOf } from "./disk.ts";

const megabyte = 1_000_000;
const file = Buffer.alloc(4 * megabyte, "an image that needs some room ");

const leftIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => /part|file|tmp/.test(name));

/** A handle that nobody closes ends the process when it is collected. */
async function openParts(folder: string): Promise<string[]> {
  const open = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(open)).filter((path) => path.startsWith(folder) && path.includes(".part"));
}

async function failedForRoom(world: ImagesWorld): Promise<void> {
  expect((await world.comes("failed")).failure).toMatchObject({ code: "no_space" });
  expect(world.status()?.failure?.retryAt).toBeUndefined();
}

/** It is looked at once a minute. */
async function comesByItself(world: ImagesWorld): Promise<void> {
  await comesTrue(() => {
    world.clock.advance(60_000);
    return world.status()?.state !== "failed";
  });
  await world.comes("ready");
}

withSmallDisks("a full disk", () => {
  test("lets nothing begin that will not fit beside what stays free, and the image comes when there is room", async () => {
    await using disk = await smallDisk(reserveBytes + 2 * megabyte);
    await using world = await imagesWorld({ file, spaceOf: systemSpaceOf, settings: { folder: disk.path } });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await failedForRoom(world);
    expect([world.server.requests.length, await leftIn(disk.path)]).toEqual([0, []]);
    expect(world.status()?.failure?.message).toContain(disk.path);
    await disk.resize(reserveBytes + 20 * megabyte);
    await comesByItself(world);
  });

  test("that somebody else fills in the middle of a download ends it, and nothing of it stays", async () => {
    await using disk = await smallDisk(6 * megabyte);
    const settings = { folder: disk.path };
    await using world = await imagesWorld({ file, spaceOf: systemSpaceOf, settings, reserveBytes: 0 });
    world.server.next.push({ kind: "stall", after: megabyte });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await comesTrue(() => world.status()?.progress?.done === megabyte);
    await writeFile(join(disk.path, "somebody-elses"), Buffer.alloc(4.5 * megabyte));
    // The rest comes after the stall, and does not fit.
    world.clock.advance(60_000);
    await comesTrue(() => {
      world.clock.advance(10_000);
      return world.status()?.failure?.code === "no_space";
    });
    await failedForRoom(world);
    expect([await leftIn(disk.path), await openParts(disk.path)]).toEqual([[], []]);
    await disk.resize(20 * megabyte);
    await comesByItself(world);
  });

  test("under the worker's own folder lets everybody hear why all the same", async () => {
    await using disk = await smallDisk(6 * megabyte);
    const dataDir = join(disk.path, "data");
    await using world = await imagesWorld({ file, spaceOf: async () => roomy, dataDir, reserveBytes: 0 });
    await writeFile(join(disk.path, "somebody-elses"), Buffer.alloc(6 * megabyte)).catch(() => {});
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await failedForRoom(world);
    await comesTrue(() => world.told.at(-1)?.failure?.code === "no_space");
    expect([await leftIn(join(dataDir, "images")), await openParts(disk.path)]).toEqual([[], []]);
    await disk.resize(20 * megabyte);
    await comesByItself(world);
  });
});

/** As a file system that promises more than it has. */
const roomy = { device: "one", freeBytes: 1e12, totalBytes: 2e12 };
