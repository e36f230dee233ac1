/** Leave to download an image: one number and one line for all coordinators. */

import { parseWorkerId } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { PermitRound } from "../../../packages/coordinator/src/store/verbs/image-permits.ts";
import type { OpenStore } from "./describe-store.ts";
import { digestOf, World } from "./store-world.ts";

const digest = digestOf("image");
const key = (name: string) => ({ workerId: parseWorkerId(name), digest });
const wish = (name: string, askedAt: number, held = false) => ({ ...key(name), askedAt, held });

/** Of coordinator `a`, at time 0, two at once, for 100 ms. */
const round = (more: Partial<PermitRound> = {}): PermitRound => {
  const now = more.now ?? 0;
  return { holder: "a", wishes: [], freed: [], limit: 2, now, until: now + 100, ...more };
};

export function describeImagePermits(name: string, open: OpenStore): void {
  describe(`${name}: permits of downloads`, () => {
    async function opened() {
      const store = await open();
      const world = new World(store);
      const join = async (worker: string) => {
        const proof = { kind: "credential", hash: worker } as const;
        await store.write.workerJoin({ workerId: parseWorkerId(worker), proof, now: 1 });
        await world.worker(worker).greet();
      };
      await Promise.all(["v", "w", "x", "y"].map(join));
      const give = async (more: Partial<PermitRound>) =>
        (await store.write.imagePermitsGive(round(more))).map(({ workerId }) => workerId).toSorted();
      return { store, give, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
    }

    test("whoever asked first, of whichever coordinator, has it; who holds one that nobody gave counts", async () => {
      await using it = await opened();
      const { give } = it;
      expect(await give({ wishes: [wish("w", 1)] })).toEqual(["w"]);
      expect(await give({ holder: "b", wishes: [wish("v", 2), wish("y", 5)] })).toEqual(["v"]);
      expect(await give({ wishes: [wish("x", 4)] })).toEqual(["w"]);
      expect(await give({ freed: [key("w")] })).toEqual(["x"]);
      expect(await give({ holder: "b", freed: [key("v")] })).toEqual(["y"]);
      // Safe twice, and who asks again later is no later for it.
      expect(await give({ holder: "b", wishes: [wish("y", 9)], freed: [key("v")] })).toEqual(["y"]);
      // Of all of them nobody has heard for long. Now one begins without leave, beside two who have it.
      const later = (more: Partial<PermitRound>) => give({ now: 1000, ...more });
      expect(await later({ wishes: [wish("v", 1), wish("w", 2), wish("x", 3)] })).toEqual(["v", "w"]);
      expect(await later({ wishes: [wish("x", 3, true)] })).toEqual(["v", "w", "x"]);
      expect(await later({ wishes: [wish("y", 4)], freed: [key("v")] })).toEqual(["w", "x"]);
      expect(await later({ freed: [key("w")] })).toEqual(["x", "y"]);
    });

    test("what is not renewed is free again; what another coordinator took over is not the first one's to free", async () => {
      await using it = await opened();
      const { give } = it;
      expect(await give({ wishes: [wish("v", 1), wish("w", 2)] })).toEqual(["v", "w"]);
      expect(await give({ holder: "b", now: 50, wishes: [wish("v", 3, true), wish("x", 4)] })).toEqual(["v"]);
      expect(await give({ now: 60, freed: [key("v")] })).toEqual(["w"]);
      expect(await give({ holder: "b", now: 99 })).toEqual(["v"]);
      expect(await give({ holder: "b", now: 100 })).toEqual(["v", "x"]);
      expect(await give({ now: 100 })).toEqual([]);
    });

    test("of any number at once so many are given, and none to whom nobody knows or who was revoked", async () => {
      await using it = await opened();
      const { give, store } = it;
      const names = ["nobody", "v", "w", "x", "y"];
      const asked = names.map((worker, at) => give({ holder: worker, wishes: [wish(worker, at)] }));
      expect((await Promise.all(asked)).flat().toSorted()).toEqual(["v", "w"]);
      for (const worker of ["v", "w"])
        await store.write.workerRevoke({ workerId: parseWorkerId(worker), now: 2 });
      const told = await Promise.all(names.map((holder) => give({ holder })));
      expect(told.flat().toSorted()).toEqual(["x", "y"]);
    });
  });
}
