import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { comesTrue, imagesWorld } from "../testing/images-world.ts";
import { checkRoom, type Space, systemSpaceOf } from "./disk.ts";

const spaceOf = (spaces: Readonly<Record<string, Partial<Space>>>) => async (folder: string) => ({
  device: folder,
  freeBytes: 0,
  totalBytes: 1000,
  ...spaces[folder],
});

describe("room", () => {
  test("is summed for each file system, and some stays free", async () => {
    const spaces = spaceOf({
      "/a": { device: "1", freeBytes: 100 },
      "/b": { device: "1", freeBytes: 100 },
      "/c": { freeBytes: 11 },
    });
    const needs = [
      { folder: "/a", bytes: 50 },
      { folder: "/b", bytes: 40 },
    ];
    await checkRoom(needs, spaces, 10);
    await expect(checkRoom(needs, spaces, 11)).rejects.toMatchObject({
      code: "no_space",
      message: expect.stringContaining("/a and /b"),
    });
    await expect(checkRoom([{ folder: "/c", bytes: 2 }], spaces, 10)).rejects.toMatchObject({
      code: "no_space",
    });
  });

  test("of a folder that is not there yet is that of the one above it", async () => {
    const { device } = await systemSpaceOf("/");
    expect(await systemSpaceOf("/no/such/folder")).toMatchObject({ device });
  });
});

describe("a disk", () => {
  test("without room lets nothing begin, leaves nothing, and the image comes by itself when there is some", async () => {
    let freeBytes = 1000;
    await using world = await imagesWorld({
      spaceOf: async () => ({ device: "one", freeBytes, totalBytes: 1e12 }),
    });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    expect((await world.comes("failed")).failure).toMatchObject({ code: "no_space" });
    expect(world.status()?.failure?.retryAt).toBeUndefined();
    expect(world.server.requests).toHaveLength(0);
    world.clock.advance(60_000);
    world.clock.advance(60_000);
    expect(world.status()?.state).toBe("failed");
    freeBytes = 1e12;
    await comesTrue(() => {
      world.clock.advance(60_000);
      return world.status()?.state !== "failed";
    });
    await world.comes("ready");
  });

  test("that the engine's store needs is looked at too", async () => {
    const info = { storeFolder: "/store", temporaryFolder: "/tmp" } as const;
    await using world = await imagesWorld({
      runtime: { info },
      spaceOf: async (folder) => ({
        device: folder,
        freeBytes: folder === "/store" ? 1e9 : 1e12,
        totalBytes: 1e12,
      }),
    });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    expect((await world.comes("failed")).failure?.message).toContain("/store");
  });

  test("that fills up in the middle ends the download, and the part goes", async () => {
    const big = Buffer.alloc(70 * 1024 * 1024, "b");
    let looks = 0;
    await using world = await imagesWorld({
      file: big,
      spaceOf: async () => ({ device: "one", freeBytes: ++looks > 1 ? 0 : 1e12, totalBytes: 1e12 }),
    });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    expect((await world.comes("failed")).failure).toMatchObject({ code: "no_space" });
    expect(world.server.sentBytes).toBe(big.length);
    const left = await readdir(join(world.dataDir, "images"));
    expect(left.filter((name) => /part|file/.test(name))).toEqual([]);
  });

  test("of the engine that is full is told by the engine", async () => {
    await using world = await imagesWorld();
    const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    world.runtime.failNext("importImage", full);
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    expect((await world.comes("failed")).failure).toMatchObject({ code: "no_space" });
  });
});
