import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FaultError } from "@haversack/base";
import {
  parseDigest,
  parseGeneration,
  parseRunId,
  parseStepId,
  type SnapshotDescriptor,
} from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { FakeClock, turns } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import type { Connection } from "../session/dial.ts";
import { SnapshotCache } from "./snapshot-cache.ts";

const refOf = (attempt: number) => ({
  runId: parseRunId("run"),
  stepId: parseStepId("step"),
  attempt,
  generation: parseGeneration("1-a"),
});
const never = new AbortController().signal;

function packOf(text: string, inline = false): SnapshotDescriptor {
  const gzip = Buffer.from(text);
  return {
    formatVersion: 1,
    digest: parseDigest(`sha256:${createHash("sha256").update(gzip).digest("hex")}`),
    compressedSize: gzip.length,
    uncompressedSize: 100,
    ...(inline ? { gzip } : {}),
  };
}

async function setup() {
  const folder = await tempFolder();
  const asked: number[] = [];
  const answers = new Map<string, Uint8Array>();
  const gate = { wait: Promise.resolve() };
  const connection = {
    async getSnapshot(ref: { attempt: number }, digest: string): Promise<Uint8Array> {
      asked.push(ref.attempt);
      await gate.wait;
      const answer = answers.get(digest);
      if (answer === undefined) throw new FaultError("fenced", "not_live", "no");
      return answer;
    },
  };
  const path = join(folder.path, "packs");
  const clock = new FakeClock();
  const another = () => new SnapshotCache(path, connection as unknown as Connection, clock);
  const cache = another();
  const serve = (pack: SnapshotDescriptor, text: string) => answers.set(pack.digest, Buffer.from(text));
  return {
    path,
    asked,
    gate,
    cache,
    another,
    serve,
    clock,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("a pack", () => {
  test("is fetched once for all that want it at the same time", async () => {
    await using world = await setup();
    const pack = packOf("pack");
    world.serve(pack, "pack");
    const open = Promise.withResolvers<void>();
    world.gate.wait = open.promise;
    const both = Promise.all([1, 2, 3].map((attempt) => world.cache.acquire(refOf(attempt), pack, never)));
    await turns();
    open.resolve();
    await both;
    expect(world.asked).toHaveLength(1);
    expect(await readFile(await world.cache.fileOf(pack, never), "utf8")).toBe("pack");
    expect(world.cache.announce()).toEqual([pack.digest]);
  });

  test("that came with its task is not asked for", async () => {
    await using world = await setup();
    await world.cache.acquire(refOf(1), packOf("inline", true), never);
    expect(world.asked).toEqual([]);
    expect(await readdir(world.path)).toHaveLength(1);
  });

  test("of another size than announced is refused and leaves nothing", async () => {
    await using world = await setup();
    const pack = packOf("pack");
    world.serve(pack, "pack and more");
    await expect(world.cache.acquire(refOf(1), pack, never)).rejects.toMatchObject({
      code: "snapshot_corrupt",
    });
    expect(world.cache.announce()).toEqual([]);
  });

  test("whose file was cut is fetched again", async () => {
    await using world = await setup();
    const pack = packOf("pack");
    world.serve(pack, "pack");
    await world.cache.acquire(refOf(1), pack, never);
    await truncate(await world.cache.fileOf(pack, never), 2);
    expect(await readFile(await world.cache.fileOf(pack, never), "utf8")).toBe("pack");
    expect(world.asked).toHaveLength(2);
  });

  test("is fetched again in the name of an attempt that still lives", async () => {
    await using world = await setup();
    const pack = packOf("pack");
    world.serve(pack, "pack");
    const [first, second] = [refOf(1), refOf(2)];
    await world.cache.acquire(first, pack, never);
    await world.cache.acquire(second, pack, never);
    world.cache.release(second, pack.digest);
    await world.cache.forget(pack.digest);
    await world.cache.fileOf(pack, never);
    expect(world.asked).toEqual([1, 1]);
  });

  test("a fetch that failed is tried again by the next one who asks", async () => {
    await using world = await setup();
    const pack = packOf("pack");
    await expect(world.cache.acquire(refOf(1), pack, never)).rejects.toMatchObject({ code: "not_live" });
    world.serve(pack, "pack");
    await world.cache.acquire(refOf(2), pack, never);
    expect(world.asked).toEqual([1, 2]);
  });
});

describe("when the cache is full", () => {
  /** Files as the cache names them, sparse, the first the oldest. */
  async function fill(world: Awaited<ReturnType<typeof setup>>, texts: readonly string[], bytes: number) {
    for (const [index, text] of texts.entries()) {
      const name = join(world.path, `${packOf(text).digest.slice("sha256:".length)}.gz`);
      await writeFile(name, "");
      await truncate(name, bytes);
      const seconds = world.clock.now() / 1000 - 1000 + index;
      await utimes(name, seconds, seconds);
    }
  }

  test("what was used longest ago goes first, but never what is in use", async () => {
    await using world = await setup();
    const mine = packOf("mine");
    world.serve(mine, "mine");
    await world.cache.acquire(refOf(1), mine, never);
    await utimes(await world.cache.fileOf(mine, never), 1, 1);
    await fill(world, ["a", "b", "c"], 100 * 1024 * 1024);
    await world.cache.open();
    await world.cache.acquire(refOf(2), packOf("new", true), never);
    const held = new Set(world.cache.announce());
    expect([held.has(mine.digest), held.has(packOf("a").digest)]).toEqual([true, false]);
    expect([held.has(packOf("c").digest), held.has(packOf("new").digest)]).toEqual([true, true]);
    world.cache.release(refOf(1), mine.digest);
  });

  test.each([
    ["of this minute is not marked again", -59, -59],
    ["of an earlier minute is marked", -61, 0],
    ["in the future, by a clock that was set back, is marked", 61, 0],
  ])("a use %s", async (_case, usedBefore, usedAfter) => {
    await using world = await setup();
    const pack = packOf("pack", true);
    await world.cache.acquire(refOf(1), pack, never);
    const path = await world.cache.fileOf(pack, never);
    const now = world.clock.now() / 1000;
    await utimes(path, now + usedBefore, now + usedBefore);
    await world.cache.fileOf(pack, never);
    expect((await stat(path)).mtimeMs / 1000 - now).toBeCloseTo(usedAfter, 2);
  });

  test("what is in the folder and not named by a digest is left alone", async () => {
    await using world = await setup();
    await world.cache.acquire(refOf(1), packOf("pack", true), never);
    await writeFile(join(world.path, "readme.txt"), "hello");
    const next = world.another();
    await next.open();
    expect(next.announce()).toEqual([packOf("pack").digest]);
  });
});

describe("what the coordinator is told", () => {
  const acquire = (world: Awaited<ReturnType<typeof setup>>, text: string, attempt = 1) =>
    world.cache.acquire(refOf(attempt), packOf(text, true), never);
  const none = { snapshotsAdded: [], snapshotsEvicted: [] };

  test("is all that is here, the last used first, and then only what changes", async () => {
    await using world = await setup();
    const [a, b, c] = ["a", "b", "c"].map((text) => packOf(text).digest);
    await acquire(world, "a");
    await acquire(world, "b");
    await acquire(world, "a");
    expect(world.cache.announce()).toEqual([a, b]);
    expect(world.cache.changes()).toEqual(none);
    await acquire(world, "c");
    await world.cache.forget(packOf("a").digest);
    expect(world.cache.changes()).toEqual({ snapshotsAdded: [c], snapshotsEvicted: [a] });
    expect(world.cache.changes()).toEqual(none);
    expect(world.cache.announce()).toEqual([c, b]);
  });

  test("of each pack is what happened last", async () => {
    await using world = await setup();
    const { digest } = packOf("a");
    await acquire(world, "a");
    await world.cache.forget(digest);
    expect(world.cache.changes()).toEqual({ snapshotsAdded: [], snapshotsEvicted: [digest] });
    await acquire(world, "a");
    await world.cache.forget(digest);
    await acquire(world, "a");
    expect(world.cache.changes()).toEqual({ snapshotsAdded: [digest], snapshotsEvicted: [] });
  });

  test("is true after a restart, and once a file turns out to be gone", async () => {
    await using world = await setup();
    await acquire(world, "a");
    world.clock.advance(5000);
    await acquire(world, "b");
    await writeFile(join(world.path, "half.tmp"), "");
    const next = world.another();
    await next.open();
    expect(next.announce()).toEqual([packOf("b").digest, packOf("a").digest]);
    expect(await readdir(world.path)).toHaveLength(2);
    await rm(join(world.path, `${packOf("a").digest.slice("sha256:".length)}.gz`));
    await expect(next.acquire(refOf(3), packOf("a"), never)).rejects.toMatchObject({ code: "not_live" });
    expect(next.changes()).toEqual({ snapshotsAdded: [], snapshotsEvicted: [packOf("a").digest] });
  });

  test("is bounded; the rest comes with the next heartbeat", async () => {
    await using world = await setup();
    await acquire(world, "pack 0");
    for (let index = 1; index < 1030; index++) {
      const hex = packOf(`pack ${index}`).digest.slice("sha256:".length);
      await writeFile(join(world.path, `${hex}.gz`), "");
    }
    await world.cache.open();
    expect(world.cache.changes().snapshotsAdded).toHaveLength(1024);
    expect(world.cache.changes().snapshotsAdded).toHaveLength(6);
    expect(world.cache.announce()).toHaveLength(1024);
  });
});
