/** Images: known by identity, there when an import has succeeded, and gone when nobody uses them. */

import { readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import type { ImagePresence } from "../../../packages/worker/src/runtime/runtime.ts";
import { containerSpec, hostArch, type ImageFile, made, never, type RuntimeWorld } from "./runtime-world.ts";

export function describeImages(the: () => RuntimeWorld, runs: boolean): void {
  describeIdentity(the, runs);
  describeAbsence(the);
  if (runs) describeBadFiles(the);
}

interface Hands {
  readonly look: (image: ImageFile) => Promise<ImagePresence>;
  /** Resolves with the bytes that were told last. */
  readonly load: (image: ImageFile) => Promise<number>;
  readonly drop: (image: ImageFile) => Promise<void>;
}

function handsOf(the: () => RuntimeWorld): Hands {
  return {
    look: async ({ identity }) => await the().runtime.inspectImage(identity, never),
    async load({ identity, file }) {
      let bytes = 0;
      await the().runtime.importImage(file, identity, (told) => void (bytes = told), never);
      return bytes;
    },
    drop: async ({ identity }) => {
      await the().runtime.removeImage(identity, never);
    },
  };
}

function describeIdentity(the: () => RuntimeWorld, runs: boolean): void {
  const { look, load, drop } = handsOf(the);

  test("it says what it is", async () => {
    const info = await the().runtime.describe(never);
    expect(info.arch).toBe(hostArch);
    expect(info.version).toMatch(/\d/);
    expect(info.spaceToImport(100, 300).store).toBeGreaterThanOrEqual(300);
    if (runs) expect(info.storeFolder).toMatch(/^\//);
  });

  test("an image is absent, present once it is imported, and absent when it is removed", async () => {
    const image = await the().shelve({ stamp: "2026.11.1" });
    expect(await look(image)).toEqual({ kind: "absent" });
    expect(await load(image)).toBe((await readFile(image.file)).length);
    expect(await look(image)).toMatchObject({ kind: "present" });
    await load(image);
    const listed = (await the().runtime.listImages(never)).filter(({ id }) => id === image.identity.id);
    expect(listed).toMatchObject([{ stamp: "2026.11.1", inUse: false }]);
    await drop(image);
    expect(await look(image)).toEqual({ kind: "absent" });
    await drop(image);
  });

  test("two imports at once are one image", async () => {
    const image = await the().shelve();
    await Promise.all([load(image), load(image)]);
    expect(await look(image)).toMatchObject({ kind: "present" });
    await drop(image);
  });

  test("another stamp or architecture under the same name is wrong, and a part of the name is nothing", async () => {
    const image = await the().shelve({ stamp: "1" });
    await load(image);
    const other = (change: object) => look({ ...image, identity: { ...image.identity, ...change } });
    expect(await other({ stamp: "2" })).toMatchObject({ kind: "wrong", why: expect.stringMatching(/stamp/) });
    const foreign = hostArch === "x64" ? "arm64" : "x64";
    expect(await other({ arch: foreign })).toMatchObject({
      kind: "wrong",
      why: expect.stringMatching(/arch/),
    });
    const { id } = image.identity;
    const { otherId: _, ...alone } = image.identity;
    expect(await look({ ...image, identity: { ...alone, id: id.slice(0, 24) } })).toEqual({ kind: "absent" });
    await drop(image);
  });
}

function describeAbsence(the: () => RuntimeWorld): void {
  const { look, load, drop } = handsOf(the);

  test("an engine that is not there knows nothing, and does nothing", async () => {
    const { gone } = the();
    const { identity, file } = await the().shelve();
    const known = await gone.inspectImage(identity, never);
    expect(known).toMatchObject({ kind: "unknown", why: expect.stringMatching(/does not answer/) });
    const calls = [
      gone.describe(never),
      gone.importImage(file, identity, () => {}, never),
      gone.removeImage(identity, never),
      gone.listImages(never),
      gone.create(containerSpec(the(), identity), never),
      gone.start("x", never),
      gone.inspect("x", never),
      gone.list("x", never),
      gone.exec("x", { argv: ["true"], outputMax: 1 }, never),
    ];
    for (const ended of await Promise.allSettled(calls)) {
      expect(ended).toMatchObject({ status: "rejected", reason: { fault: "unavailable" } });
    }
  });

  test("a file that is not there is no fault of the engine", async () => {
    const image = await the().shelve();
    const loaded = load({ ...image, file: `${image.file}.gone` });
    await expect(loaded).rejects.toMatchObject({ fault: "missing", code: "file_missing" });
  });

  test("an image that a container is made of is not removed", async () => {
    const image = await the().shelve();
    await load(image);
    {
      await using _ = await made(the(), containerSpec(the(), image.identity));
      await expect(drop(image)).rejects.toMatchObject({ fault: "conflict", code: "in_use" });
      expect((await the().runtime.listImages(never)).some(({ inUse }) => inUse)).toBe(true);
    }
    await drop(image);
    expect(await look(image)).toEqual({ kind: "absent" });
  });
}

/** Whose content only a real engine looks at. */
function describeBadFiles(the: () => RuntimeWorld): void {
  const { look, load, drop } = handsOf(the);

  test("a file that is cut is no image", async () => {
    const image = await the().shelve({ ballastBytes: 1_000_000 });
    const bytes = await readFile(image.file);
    await writeFile(image.file, bytes.subarray(0, bytes.length / 2));
    await expect(load(image)).rejects.toMatchObject({ fault: "corrupt", code: "import_failed" });
    expect(await look(image)).toEqual({ kind: "absent" });
  });

  test("a file of another image is no success, and leaves nothing", async () => {
    const image = await the().shelve();
    const other = await the().shelve();
    await expect(load({ ...image, file: other.file })).rejects.toMatchObject({ fault: "corrupt" });
    expect(await look(image)).toEqual({ kind: "absent" });
    expect(await look(other)).toEqual({ kind: "absent" });
  });

  test("an image of another architecture is there, and no container is made of it", async () => {
    const arch = hostArch === "x64" ? "arm64" : "x64";
    const image = await the().shelve({ arch });
    await load(image);
    expect(await look(image)).toMatchObject({ kind: "present" });
    const spec = containerSpec(the(), image.identity, { arch: hostArch });
    await expect(the().runtime.create(spec, never)).rejects.toMatchObject({ fault: "corrupt" });
    await drop(image);
  });

  test("an import that is cancelled half-way leaves nothing, and can be repeated", async () => {
    const image = await the().shelve({ ballastBytes: 4_000_000 });
    const stopping = new AbortController();
    const flight = the().runtime.importImage(
      image.file,
      image.identity,
      (bytes) => {
        if (bytes > 1_000_000) stopping.abort();
      },
      stopping.signal,
    );
    await expect(flight).rejects.toMatchObject({ fault: "cancelled" });
    expect(await look(image)).toEqual({ kind: "absent" });
    await load(image);
    await drop(image);
  });
}
