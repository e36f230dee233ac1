import { createHash } from "node:crypto";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { artifactBytesMax, parseDigest } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../../../tests/support/fake-clock.ts";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import { BlobStore } from "./blob-store.ts";

const digestOf = (text: string) => parseDigest(`sha256:${createHash("sha256").update(text).digest("hex")}`);
const pieces = async function* (...texts: string[]): AsyncIterable<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
};
const textOf = async (data: AsyncIterable<Uint8Array>) =>
  Buffer.concat(await Array.fromAsync(data)).toString();

async function setup() {
  const folder = await tempFolder();
  const clock = new FakeClock();
  const files = async () =>
    (await readdir(folder.path, { recursive: true })).filter((name) => name.length > 2);
  return {
    blobs: new BlobStore(folder.path, clock),
    clock,
    path: folder.path,
    files,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("a blob", () => {
  test("is read back as it was put, in pieces", async () => {
    await using world = await setup();
    const digest = digestOf("hello world");
    expect(await world.blobs.has(digest)).toBe(false);
    await world.blobs.put({ digest, size: 11 }, pieces("hello ", "world"));
    expect(await world.blobs.has(digest)).toBe(true);
    expect(await textOf(world.blobs.read(digest, 4))).toBe("hello world");
    expect((await Array.fromAsync(world.blobs.read(digest, 4))).length).toBe(3);
  });

  test("may be empty", async () => {
    await using world = await setup();
    await world.blobs.put({ digest: digestOf(""), size: 0 }, pieces());
    expect(await textOf(world.blobs.read(digestOf(""), 4))).toBe("");
  });

  test.each([
    ["has other bytes than its digest says", digestOf("other"), 5],
    ["is shorter than announced", digestOf("hello"), 6],
    ["is longer than announced", digestOf("hello"), 4],
  ])("that %s is refused and leaves nothing", async (_, digest, size) => {
    await using world = await setup();
    await expect(world.blobs.put({ digest, size }, pieces("hel", "lo"))).rejects.toMatchObject({
      code: "blob_mismatch",
    });
    expect(await world.blobs.has(digest)).toBe(false);
    expect(await world.files()).toEqual([]);
  });

  test("without an end is not read beyond what was announced", async () => {
    await using world = await setup();
    let given = 0;
    const endless = async function* (): AsyncIterable<Uint8Array> {
      for (;;) yield Buffer.from(`piece ${given++}`);
    };
    await expect(world.blobs.put({ digest: digestOf("x"), size: 20 }, endless())).rejects.toMatchObject({
      code: "blob_mismatch",
    });
    expect(given).toBeLessThan(5);
  });

  const broken = async function* (text: string): AsyncIterable<Uint8Array> {
    yield Buffer.from(text);
    throw new Error("the link broke");
  };

  test("whose sender breaks off goes on where it was, and only there", async () => {
    await using world = await setup();
    const { blobs } = world;
    const digest = digestOf("hello");
    await expect(blobs.put({ digest, size: 5 }, broken("hel"))).rejects.toThrow("the link broke");
    expect(await blobs.held(digest)).toBe(3);
    expect(await blobs.has(digest)).toBe(false);
    const wrong = blobs.put({ digest, size: 5, offset: 2 }, pieces("llo"));
    await expect(wrong).rejects.toMatchObject({
      code: "upload_offset",
      message: expect.stringContaining("3 bytes are here"),
    });
    await blobs.put({ digest, size: 5, offset: 3 }, pieces("lo"));
    expect(await blobs.has(digest)).toBe(true);
    expect(await blobs.held(digest)).toBe(0);
    expect(await world.files()).toHaveLength(1);
  });

  test("that goes on with damaged bytes is thrown away", async () => {
    await using world = await setup();
    const digest = digestOf("hello");
    await expect(world.blobs.put({ digest, size: 5 }, broken("hex"))).rejects.toThrow("the link broke");
    const rest = world.blobs.put({ digest, size: 5, offset: 3 }, pieces("lo"));
    await expect(rest).rejects.toMatchObject({ code: "blob_mismatch" });
    expect(await world.files()).toEqual([]);
  });

  test("has one writer: who asks how much is there takes over from a sender that says nothing", async () => {
    await using world = await setup();
    const digest = digestOf("hello");
    const silent = Promise.withResolvers<void>();
    const stuck = async function* (): AsyncIterable<Uint8Array> {
      yield Buffer.from("he");
      await silent.promise;
    };
    const first = world.blobs.put({ digest, size: 5 }, stuck());
    const refused = first.catch((error: unknown) => error);
    while ((await world.files()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    const held = await world.blobs.held(digest);
    expect(await refused).toMatchObject({ code: "upload_superseded" });
    await world.blobs.put(
      { digest, size: 5, ...(held > 0 && { offset: held }) },
      pieces("hello".slice(held)),
    );
    expect(await world.blobs.has(digest)).toBe(true);
    silent.resolve();
  });

  test("over the limit is refused before a byte is read", async () => {
    await using world = await setup();
    let isRead = false;
    const untouched = async function* (): AsyncIterable<Uint8Array> {
      isRead = true;
      yield new Uint8Array();
    };
    await expect(
      world.blobs.put({ digest: digestOf("x"), size: artifactBytesMax + 1 }, untouched()),
    ).rejects.toMatchObject({
      code: "artifact_too_large",
    });
    expect(isRead).toBe(false);
  });

  test("that many put at once is there once, whole", async () => {
    await using world = await setup();
    const text = "x".repeat(100_000);
    await Promise.all(
      Array.from({ length: 8 }, () =>
        world.blobs.put({ digest: digestOf(text), size: text.length }, pieces(text)),
      ),
    );
    expect(await textOf(world.blobs.read(digestOf(text), 65_536))).toBe(text);
    expect(await world.files()).toHaveLength(1);
  });

  test("that is not there is missing, by name", async () => {
    await using world = await setup();
    await expect(textOf(world.blobs.read(digestOf("x"), 4))).rejects.toMatchObject({ fault: "missing" });
  });
});

describe("what was stored long ago", () => {
  const all = async (blobs: BlobStore, before: number) => (await Array.fromAsync(blobs.old(before))).flat();

  test("is listed, and removed if nobody stored it again since", async () => {
    await using world = await setup();
    const { blobs, clock } = world;
    const [first, second, young] = [digestOf("a"), digestOf("b"), digestOf("c")];
    await blobs.put({ digest: first, size: 1 }, pieces("a"));
    await blobs.put({ digest: second, size: 1 }, pieces("b"));
    clock.advance(1000);
    await blobs.put({ digest: young, size: 1 }, pieces("c"));
    expect(new Set(await all(blobs, clock.now()))).toEqual(new Set([first, second]));
    expect(await blobs.renew(second)).toBe(true);
    expect(await all(blobs, clock.now())).toEqual([first]);
    expect(await blobs.remove(second, clock.now())).toBeUndefined();
    expect(await blobs.remove(first, clock.now())).toBe(1);
    expect(await blobs.remove(first, clock.now())).toBeUndefined();
    expect([await blobs.renew(first), await blobs.has(second)]).toEqual([false, true]);
  });

  test("and stored again while it is removed is there, or is asked for", async () => {
    await using world = await setup();
    const { blobs, clock } = world;
    const digest = digestOf("a");
    for (let round = 0; round < 200; round++) {
      await blobs.put({ digest, size: 1 }, pieces("a"));
      clock.advance(1000);
      const renew = () => blobs.renew(digest);
      const remove = () => blobs.remove(digest, clock.now());
      const [isThere] =
        round % 2 === 0
          ? await Promise.all([renew(), remove()])
          : await Promise.all([remove(), renew()]).then(([, renewed]) => [renewed]);
      expect(await blobs.has(digest)).toBe(isThere);
      const [, put] = await Promise.allSettled([remove(), blobs.put({ digest, size: 1 }, pieces("a"))]);
      expect([put.status, await blobs.has(digest)]).toEqual(["fulfilled", true]);
    }
  });

  test("and is half of a file goes, but not one that is being written", async () => {
    await using world = await setup();
    const hex = digestOf("x").slice("sha256:".length);
    const folder = join(world.path, hex.slice(0, 2));
    await mkdir(folder);
    for (const [tag, seconds] of [
      ["aaaaaaaaaaaa", 10],
      ["bbbbbbbbbbbb", 30],
    ] as const) {
      const file = join(folder, `${hex}.${tag}.tmp`);
      await writeFile(file, "half");
      await utimes(file, seconds, seconds);
    }
    await writeFile(join(folder, "readme.txt"), "");
    await utimes(join(folder, "readme.txt"), 10, 10);
    expect(await all(world.blobs, 20_000)).toEqual([]);
    expect((await readdir(folder)).toSorted()).toEqual([`${hex}.bbbbbbbbbbbb.tmp`, "readme.txt"]);
  });

  test("comes in batches; a folder that was never made holds nothing", async () => {
    await using world = await setup();
    const folder = join(world.path, "ab");
    await mkdir(folder);
    const names = Array.from({ length: 501 }, (_, index) => `ab${String(index).padStart(62, "0")}`);
    for (const name of names) {
      await writeFile(join(folder, name), "");
      await utimes(join(folder, name), 1, 1);
    }
    const batches = await Array.fromAsync(world.blobs.old(20_000));
    expect(batches.map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([1, 500]);
    const nowhere = new BlobStore(join(world.path, "nowhere"), world.clock);
    expect(await Array.fromAsync(nowhere.old(20_000))).toEqual([]);
  });
});
