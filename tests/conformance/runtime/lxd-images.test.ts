/** What is peculiar to the images of LXD and Incus, on a real engine. */

import { readdir, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { imagesForm } from "../../../packages/worker/src/runtime/lxd/answers.ts";
import { lxdClient } from "../../../packages/worker/src/runtime/lxd/lxd-client.ts";
import { engineAddress, withEngine } from "../../support/container-engines.ts";
import { ignore, never, openLxdWorld } from "../../support/lxd.ts";

withEngine("lxd", "images of LXD", () => {
  test("only the whole fingerprint is an identity", async () => {
    await using world = await openLxdWorld();
    const { file, fingerprint } = await world.image();
    const image = { id: fingerprint, arch: "x64" };
    await world.runtime.importImage(file, image, ignore, never);
    const kindOf = async (id: string) => (await world.runtime.inspectImage({ ...image, id }, never)).kind;
    expect(await kindOf(fingerprint)).toBe("present");
    expect(await kindOf(`sha256:${fingerprint}`)).toBe("present");
    for (const part of [fingerprint.slice(0, 12), fingerprint.slice(0, 63), "haversack"]) {
      expect(await kindOf(part)).toBe("absent");
    }
    const refusal = world.runtime.importImage(
      file,
      { ...image, id: fingerprint.slice(0, 12) },
      ignore,
      never,
    );
    await expect(refusal).rejects.toMatchObject({ fault: "invalid" });
  });

  test("an import tells each byte, and a second one succeeds without any", async () => {
    await using world = await openLxdWorld();
    const { file, fingerprint, size } = await world.image({ stamp: "2026.11.1" });
    const image = { id: fingerprint, arch: "x64", stamp: "2026.11.1" };
    const told: number[] = [];
    await world.runtime.importImage(file, image, (bytes) => told.push(bytes), never);
    expect(told).toEqual(told.toSorted((one, other) => one - other));
    expect(told.at(-1)).toBe(size);
    await world.runtime.importImage(file, image, () => expect.unreachable(), never);
    const listed = await world.runtime.listImages(never);
    expect(listed.filter(({ id }) => id === fingerprint)).toMatchObject([
      { stamp: "2026.11.1", inUse: false },
    ]);
    const other = await world.runtime.inspectImage({ ...image, stamp: "2026.11.2" }, never);
    expect(other).toMatchObject({ kind: "wrong", why: expect.stringContaining("2026.11.1") });
  });

  test("of two imports at once both succeed", async () => {
    await using world = await openLxdWorld();
    const { file, fingerprint } = await world.image();
    const image = { id: fingerprint, arch: "x64" };
    const once = () => world.runtime.importImage(file, image, ignore, never);
    await Promise.all([once(), once(), once()]);
    expect(await world.runtime.inspectImage(image, never)).toEqual({ kind: "present", id: fingerprint });
  });

  test("a file that is cut is refused, and is not there under any name", async () => {
    await using world = await openLxdWorld();
    const { file, fingerprint, size } = await world.image();
    await truncate(file, Math.floor(size / 2));
    const cut = world.runtime.importImage(file, { id: fingerprint, arch: "x64" }, ignore, never);
    await expect(cut).rejects.toMatchObject({ fault: "corrupt", code: "import_failed" });
    expect(await namesWithSalt(world.cluster)).toEqual([]);
  });

  test("an image of another architecture is refused, and removed again", async () => {
    await using world = await openLxdWorld();
    const { file, fingerprint } = await world.image({ arch: "arm64" });
    const image = { id: fingerprint, arch: "x64" };
    const foreign = world.runtime.importImage(file, image, ignore, never);
    await expect(foreign).rejects.toMatchObject({
      fault: "corrupt",
      message: expect.stringContaining("arm64"),
    });
    expect((await world.runtime.inspectImage(image, never)).kind).toBe("absent");
  });

  test("an import that is cancelled half-way leaves neither an image nor a file", async () => {
    await using world = await openLxdWorld();
    const { file, fingerprint } = await world.image();
    const image = { id: fingerprint, arch: "x64" };
    const giveUp = new AbortController();
    const cut = world.runtime.importImage(file, image, () => giveUp.abort(), giveUp.signal);
    await expect(cut).rejects.toMatchObject({ fault: "cancelled" });
    expect((await world.runtime.inspectImage(image, never)).kind).toBe("absent");
    await world.runtime.importImage(file, image, ignore, never);
    const files = await readdir(join(dirname(engineAddress("lxd")), "images"));
    expect(files).toContain(fingerprint);
  });

  test("an image that a container uses stays", async () => {
    await using world = await openLxdWorld();
    const spec = await world.spec();
    const image = { id: spec.image, arch: "x64" };
    const { id } = await world.runtime.create(spec, never);
    await expect(world.runtime.removeImage(image, never)).rejects.toMatchObject({ code: "in_use" });
    await world.runtime.remove(id, never);
    await world.runtime.removeImage(image, never);
    await world.runtime.removeImage(image, never);
    expect((await world.runtime.inspectImage(image, never)).kind).toBe("absent");
  });
});

/** Fingerprints of whatever came out of this test's files. */
async function namesWithSalt(cluster: string): Promise<string[]> {
  const client = lxdClient(engineAddress("lxd"));
  const images = imagesForm.parse(await client.get("/1.0/images?recursion=1", {}, never));
  return images.flatMap(({ fingerprint, properties }) =>
    properties?.["salt"]?.startsWith(cluster) === true ? [fingerprint] : [],
  );
}
