import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { artifactBytesMax, parseDigest } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
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
  const files = async () =>
    (await readdir(folder.path, { recursive: true })).filter((name) => name.length > 2);
  return {
    blobs: new BlobStore(folder.path),
    files,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe("a blob", () => {
  test("is read back as it was put, in pieces", async () => {
    await using world = await setup();
    const digest = digestOf("hello world");
    expect(await world.blobs.has(digest)).toBe(false);
    await world.blobs.put(digest, 11, pieces("hello ", "world"));
    expect(await world.blobs.has(digest)).toBe(true);
    expect(await textOf(world.blobs.read(digest, 4))).toBe("hello world");
    expect((await Array.fromAsync(world.blobs.read(digest, 4))).length).toBe(3);
  });

  test("may be empty", async () => {
    await using world = await setup();
    await world.blobs.put(digestOf(""), 0, pieces());
    expect(await textOf(world.blobs.read(digestOf(""), 4))).toBe("");
  });

  test.each([
    ["has other bytes than its digest says", digestOf("other"), 5],
    ["is shorter than announced", digestOf("hello"), 6],
    ["is longer than announced", digestOf("hello"), 4],
  ])("that %s is refused and leaves nothing", async (_, digest, size) => {
    await using world = await setup();
    await expect(world.blobs.put(digest, size, pieces("hel", "lo"))).rejects.toMatchObject({
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
    await expect(world.blobs.put(digestOf("x"), 20, endless())).rejects.toMatchObject({
      code: "blob_mismatch",
    });
    expect(given).toBeLessThan(5);
  });

  test("whose sender breaks off leaves nothing", async () => {
    await using world = await setup();
    const broken = async function* (): AsyncIterable<Uint8Array> {
      yield Buffer.from("hel");
      throw new Error("the link broke");
    };
    await expect(world.blobs.put(digestOf("hello"), 5, broken())).rejects.toThrow("the link broke");
    expect(await world.files()).toEqual([]);
  });

  test("over the limit is refused before a byte is read", async () => {
    await using world = await setup();
    let isRead = false;
    const untouched = async function* (): AsyncIterable<Uint8Array> {
      isRead = true;
      yield new Uint8Array();
    };
    await expect(world.blobs.put(digestOf("x"), artifactBytesMax + 1, untouched())).rejects.toMatchObject({
      code: "artifact_too_large",
    });
    expect(isRead).toBe(false);
  });

  test("that many put at once is there once, whole", async () => {
    await using world = await setup();
    const text = "x".repeat(100_000);
    await Promise.all(
      Array.from({ length: 8 }, () => world.blobs.put(digestOf(text), text.length, pieces(text))),
    );
    expect(await textOf(world.blobs.read(digestOf(text), 65_536))).toBe(text);
    expect(await world.files()).toHaveLength(1);
  });

  test("that is not there is missing, by name", async () => {
    await using world = await setup();
    await expect(textOf(world.blobs.read(digestOf("x"), 4))).rejects.toMatchObject({ fault: "missing" });
  });
});
