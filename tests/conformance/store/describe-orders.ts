/** Cordons and drains: a worker that is to get nothing new gets nothing, whoever asks the store for it (W1). */

import { describe, expect, test } from "vitest";
import { plainHello } from "../../../packages/protocol/src/testing/plain-hello.ts";
import { describeImagePermits } from "./describe-image-permits.ts";
import { describeImages } from "./describe-images.ts";
import type { OpenStore } from "./describe-store.ts";
import { describeWorkerPlaces } from "./describe-worker-places.ts";
import { dag, step, TestWorker, World } from "./store-world.ts";

const idle = { version: "test", slots: 4, slotsUsed: 0 };

export function describeOrders(name: string, open: OpenStore): void {
  describe(`${name}: what an operator wants of a worker`, () => {
    test("a cordoned one is given nothing and keeps what it has, also after it dialled again", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      await worker.greet();
      const runId = await world.submit(dag(step("a"), step("b")));
      const a = await worker.claim(runId, "a");
      const asked = { worker: "w", now: world.now } as const;
      expect(await store.write.workerOrder({ ...asked, kind: "cordon", reason: "disk" })).toBe("w");
      expect(await worker.tryClaim(runId, "b")).toBeUndefined();
      const told = { no: 1, cordonedAt: world.now, reason: "disk", draining: false, drainUntil: undefined };
      expect((await worker.renew(a)).order).toEqual(told);
      expect(await worker.greet([a])).toEqual({ refusals: [], cancelled: [], order: told });
      const again = new TestWorker(world, worker.id, "w-boot-2" as never);
      expect((await again.greet([a])).order).toEqual(told);
      expect(await again.tryClaim(runId, "b")).toBeUndefined();
      expect(await worker.finish(a)).toBeUndefined();
      expect(await world.phases(runId)).toBe("running: a=succeeded b=ready");
      const other = world.worker("other");
      await other.claim(runId, "b");
    });

    test("an uncordon rings whoever hands out steps, and the worker gets them", async () => {
      await using store = await open();
      const world = new World(store);
      const worker = world.worker("w");
      await worker.greet();
      const runId = await world.submit(dag(step("a")));
      await store.write.workerOrder({ worker: "w", now: 5, kind: "drain", reason: "", until: 77 });
      expect(await worker.tryClaim(runId, "a")).toBeUndefined();
      const rang = Promise.withResolvers<void>();
      store.listen({ runs: () => {}, ready: () => rang.resolve() });
      await store.write.workerOrder({ worker: "w", now: 6, kind: "open" });
      await rang.promise;
      await worker.claim(runId, "a");
      expect((await worker.renew()).order).toMatchObject({ no: 2, cordonedAt: undefined, draining: false });
    });

    test("a drain outlives a cordon, and a second one sets another deadline", async () => {
      await using store = await open();
      const world = new World(store);
      await world.worker("w").greet();
      const asked = { worker: "w" } as const;
      await store.write.workerOrder({ ...asked, now: 5, kind: "drain", reason: "kernel", until: 77 });
      await store.write.workerOrder({ ...asked, now: 6, kind: "cordon", reason: "" });
      const drained = { no: 2, cordonedAt: 5, reason: "kernel", draining: true, drainUntil: 77 };
      const list = await store.read.workersList();
      expect(list).toMatchObject([{ ...idle, name: "w", order: drained }]);
      await store.write.workerOrder({ ...asked, now: 7, kind: "drain", reason: "", until: undefined });
      expect((await world.worker("w").renew()).order).toEqual({ ...drained, no: 3, drainUntil: undefined });
    });

    test("a worker is named by its id, or by a name that only one has", () => refusesNames(open));

    test("a write can be tried any number of times", async () => {
      await using store = await open();
      const schema = await store.write.writeProbe({ now: 1 });
      expect(schema).toBeGreaterThanOrEqual(19);
      expect(await store.write.writeProbe({ now: 2 })).toBe(schema);
    });
  });
  // What workers say of themselves besides.
  describeImages(name, open);
  describeImagePermits(name, open);
  describeWorkerPlaces(name, open);
}

async function refusesNames(open: OpenStore): Promise<void> {
  await using store = await open();
  const world = new World(store);
  const named = async (id: string, workerName: string): Promise<void> => {
    const hello = plainHello(id, { name: workerName });
    await store.write.workerGreet({ hello, now: world.now, leaseUntil: world.now });
  };
  await named("id-1", "twin");
  await named("id-2", "twin");
  // Its name is the id of another: ids come first.
  await named("id-3", "id-1");
  const cordon = (worker: string) => store.write.workerOrder({ worker, now: 1, kind: "cordon", reason: "" });
  await expect(cordon("twin")).rejects.toMatchObject({
    code: "ambiguous_worker",
    message: expect.stringContaining("id-1, id-2") as string,
  });
  await expect(cordon("nobody")).rejects.toMatchObject({ fault: "missing", code: "unknown_worker" });
  expect([await cordon("id-1"), await cordon("id-3")]).toEqual(["id-1", "id-3"]);
}
