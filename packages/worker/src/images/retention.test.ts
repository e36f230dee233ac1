import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { turns } from "../../../../tests/support/fake-clock.ts";
import { baseOf, comesTrue, imageId, imagesWorld } from "../testing/images-world.ts";
import type { SpaceOf } from "./disk.ts";
import { Leases } from "./leases.ts";

const hour = 3_600_000;

/** A store that is full until so many images are gone. */
const fullFor =
  (images: ReadonlyMap<string, unknown>, enough: number): SpaceOf =>
  async () => ({
    device: "one",
    freeBytes: images.size > enough ? 10 : 30,
    totalBytes: 100,
  });

describe("a lease", () => {
  test("is counted by holder, ends once, and shuts out whoever would remove the image", () => {
    const leases = new Leases();
    expect(leases.isLeased("a")).toBe(true);
    leases.standing(new Map());
    const first = leases.take("a", "x");
    const second = leases.take("a", "x");
    first?.();
    first?.();
    expect(leases.retire("a")).toBeUndefined();
    second?.();
    const giveBack = leases.retire("a");
    expect(giveBack).toBeDefined();
    expect(leases.retire("a")).toBeUndefined();
    expect(leases.take("a", "y")).toBeUndefined();
    giveBack?.();
    expect(leases.take("a", "y")).toBeDefined();
    leases.standing(new Map([["b", new Set(["container"])]]));
    expect(leases.isLeased("b")).toBe(true);
    leases.standing(new Map());
    expect(leases.isLeased("b")).toBe(false);
  });
});

describe("images that nobody wants", () => {
  /** Three older images of ours, beside the one that is wanted. */
  async function withOldImages() {
    const images = new Map<string, unknown>();
    let enough = 2;
    const spaceOf: SpaceOf = async (folder) => await fullFor(images, enough)(folder);
    const world = await imagesWorld({ spaceOf, runtime: { info: { storeFolder: "/store" } } });
    for (const [id, createdAt] of [
      ["old-2", 2],
      ["old-1", 1],
      ["old-3", 3],
    ] as const)
      world.runtime.images.set(id, { id, arch: "x64", stamp: id, createdAt });
    world.runtime.images.set(imageId, { id: imageId, arch: "x64", stamp: "2026.11.1" });
    await world.opened.images.order({ id: 1, ref: "base", order: { kind: "look" } });
    Object.defineProperty(images, "size", { get: () => world.runtime.images.size });
    return { world, keep: (count: number) => (enough = count) };
  }

  const ids = (world: Awaited<ReturnType<typeof withOldImages>>["world"]) =>
    [...world.runtime.images.keys()].toSorted();
  const swept = async (world: Awaited<ReturnType<typeof withOldImages>>["world"]) => {
    const before = world.runtime.calls.filter((call) => call === "listImages").length;
    world.clock.advance(hour);
    await comesTrue(() => world.runtime.calls.filter((call) => call === "listImages").length > before);
    await turns(20);
  };

  test("go oldest first, until there is room, and never before the containers were listed", async () => {
    const { world } = await withOldImages();
    await using _ = world;
    await swept(world);
    expect(ids(world)).toHaveLength(4);
    world.opened.images.leasesOf([]);
    await swept(world);
    expect(ids(world)).toEqual(["old-3", imageId].toSorted());
  });

  test("stay while a container stands on them, and the wanted one always does", async () => {
    const { world, keep } = await withOldImages();
    await using _ = world;
    keep(0);
    world.opened.images.leasesOf([{ holder: "hv-web-1", imageId: "old-1" }]);
    await swept(world);
    expect(ids(world)).toEqual(["old-1", imageId].toSorted());
    world.opened.images.leasesOf([]);
    await swept(world);
    expect(ids(world)).toEqual([imageId]);
  });

  test("stay while a deploy asks whether they are there: the answer is true when it comes", async () => {
    const { world, keep } = await withOldImages();
    await using _ = world;
    const { image } = world;
    for (const hex of ["77", "88"]) {
      const digest = `sha256:${hex.repeat(32)}` as Digest;
      world.opened.take({ kind: "baseImage", base: baseOf(digest, [world.server.url], 5, digest) });
    }
    world.clock.advance(hour - 1000);
    await turns(20);
    keep(0);
    world.opened.images.leasesOf([]);
    const held = world.runtime.holdNext("inspectImage");
    const choosing = world.opened.images.choose(image, "r/deploy");
    await held.reached;
    const removed = world.runtime.holdNext("removeImage");
    world.clock.advance(1000);
    await removed.reached;
    removed.go();
    await comesTrue(() => ids(world).length === 1);
    await turns(20);
    held.go();
    const choice = await choosing;
    expect(choice.kind).toBe("image");
    expect(ids(world)).toEqual([imageId]);
    if (choice.kind === "image") choice.lease.end();
    await swept(world);
    expect(ids(world)).toEqual([]);
  });

  test("two evictions and a deploy at once: the image is chosen, or it goes, never both", async () => {
    for (let turn = 0; turn < 12; turn++) {
      const { world, keep } = await withOldImages();
      await using _ = world;
      const { image } = world;
      world.opened.images.leasesOf([]);
      keep(0);
      // Neither wanted nor the one before it any more.
      for (const hex of ["77", "88"]) {
        const digest = `sha256:${hex.repeat(32)}` as Digest;
        world.opened.take({ kind: "baseImage", base: baseOf(digest, [world.server.url], 5, digest) });
      }
      world.clock.advance(hour);
      world.clock.advance(hour);
      await turns(turn);
      const choice = await world.opened.images.choose(image, "r/deploy");
      await turns(30);
      if (choice.kind === "image") expect(ids(world)).toContain(imageId);
      else await comesTrue(() => !ids(world).includes(imageId));
    }
  });
});

describe("files of images", () => {
  test("that are old and of no flight go, and those of a flight stay", async () => {
    await using world = await imagesWorld({ permits: "never" });
    const folder = join(world.dataDir, "images");
    const stale = "5".repeat(64);
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await world.comes("queued");
    const files = [
      `${stale}.part`,
      `${stale}.part.meta`,
      `${stale}.file`,
      `${world.digest.slice(7)}.part`,
      "notes.txt",
    ];
    for (const name of files) {
      await writeFile(join(folder, name), "");
      const old = world.clock.now() / 1000 - 25 * 3600;
      await utimes(join(folder, name), old, old);
    }
    await writeFile(join(folder, `${"6".repeat(64)}.part`), "");
    const now = world.clock.now() / 1000;
    await utimes(join(folder, `${"6".repeat(64)}.part`), now, now);
    world.clock.advance(hour);
    const left = async () => (await readdir(folder)).filter((name) => /part|file|txt/.test(name)).toSorted();
    await comesTrue(async () => (await left()).length === 3);
    expect(await left()).toEqual(
      [`${"6".repeat(64)}.part`, `${world.digest.slice(7)}.part`, "notes.txt"].toSorted(),
    );
  });
});
