/** Which coordinator a worker is connected to: said with its hello, taken back with the end of that session only. */

import { parseWorkerId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import { plainHello } from "../../../packages/protocol/src/testing/plain-hello.ts";
import type { OpenStore } from "./describe-store.ts";
import { digestOf, World } from "./store-world.ts";

const [one, two] = ["https://one.example:7420", "https://two.example:7420"];

export function describeWorkerPlaces(name: string, open: OpenStore): void {
  describe(`${name}: where a worker is connected`, () => {
    test("the last hello counts, and the end of an earlier session takes nothing back", async () => {
      await using store = await open();
      const workerId = parseWorkerId("w");
      const greet = async (now: number, url?: string): Promise<void> => {
        const hello = plainHello("w", { name: "box" });
        await store.write.workerGreet({ hello, now, leaseUntil: now, ...(url === undefined ? {} : { url }) });
      };
      const place = async (worker = "w") => await store.read.workerPlace({ worker });
      await greet(5, one);
      expect(await place()).toEqual({ id: "w", name: "box", connectedAt: 5, url: one });
      expect(await place("box")).toEqual(await place());
      await greet(6, two);
      await store.write.workerLeave({ workerId, connectedAt: 5, url: one });
      await store.write.workerLeave({ workerId, connectedAt: 6, url: one });
      expect(await place()).toMatchObject({ connectedAt: 6, url: two });
      await store.write.workerLeave({ workerId, connectedAt: 6, url: two });
      expect(await place()).toEqual({ id: "w", name: "box", connectedAt: 6 });
      await greet(7, one);
      await greet(8);
      expect(await place()).not.toHaveProperty("url");
    });

    test("the images of one that a coordinator heard lately are not lost", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      await worker.greet();
      const status = { digest: digestOf("i"), ref: "base", state: "ready", attempt: 1, asked: [] } as const;
      const image = {
        workerId: worker.id,
        workerName: "w",
        bootId: worker.bootId,
        observedAt: 1,
        lost: false,
      };
      const notes = [{ image: { ...image, status: { ...status, seq: 1, since: 1 } }, isTransition: true }];
      await store.write.imagesNote({ notes });
      const lost = async (heardSince?: number) => {
        const asked = heardSince === undefined ? {} : { heardSince };
        return (await store.read.imagesLast(asked)).map((each) => each.lost);
      };
      expect([await lost(world.now), await lost(world.now + 1), await lost()]).toEqual([
        [false],
        [true],
        [true],
      ]);
    });

    test("a name counts where only one worker has it, and an id before a name", async () => {
      await using store = await open();
      for (const [id, workerName] of [
        ["id-1", "twin"],
        ["id-2", "twin"],
        ["id-3", "id-1"],
      ] as const) {
        const hello = plainHello(id, { name: workerName });
        await store.write.workerGreet({ hello, now: 1, leaseUntil: 1, url: one });
      }
      const found = async (worker: string) => (await store.read.workerPlace({ worker }))?.id;
      expect(await Promise.all(["twin", "id-1", "id-3", "nobody"].map(found))).toEqual([
        undefined,
        "id-1",
        "id-3",
        undefined,
      ]);
    });
  });
}
