/** An engine whose store is really full (I7): what does not fit is told as that, nothing of it stays, and it comes when there is room. */

import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ownEngine, withEngine } from "../../support/container-engines.ts";
import { type SmallDisk, smallDisk, withSmallDisks } from "../../support/small-disk.ts";
import { dockerWorld } from "./docker-world.ts";
import { never } from "./runtime-world.ts";

const megabyte = 1_000_000;

async function usedOn({ path }: SmallDisk): Promise<number> {
  const { blocks, bfree, bsize } = await statfs(path);
  return (blocks - bfree) * bsize;
}

withEngine("docker", "the store of docker", () => {
  withSmallDisks("on a small disk", () => {
    test("has no room for an image, and then it has", async () => {
      const disk = Promise.withResolvers<SmallDisk>();
      await using engine = await ownEngine("docker", async (folder) =>
        disk.resolve(await smallDisk(20 * megabyte, join(folder, "data"))),
      );
      await using store = await disk.promise;
      await using world = await dockerWorld(engine.address);
      const { file, identity } = await world.shelve({ ballastBytes: 30 * megabyte });
      const used = await usedOn(store);
      const load = () => world.runtime.importImage(file, identity, () => {}, never);
      await expect(load()).rejects.toMatchObject({ code: "no_space" });
      expect(await world.runtime.inspectImage(identity, never)).toEqual({ kind: "absent" });
      expect((await usedOn(store)) - used).toBeLessThan(megabyte);
      await store.resize(200 * megabyte);
      await load();
      expect(await world.runtime.inspectImage(identity, never)).toMatchObject({ kind: "present" });
    });
  });
});
