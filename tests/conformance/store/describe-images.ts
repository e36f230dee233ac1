/** What workers said of their images: the last word of each, how it came to that, and when it is forgotten. */

import { type ImageState, parseBootId, parseWorkerId, type WorkerImage } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { OpenStore } from "./describe-store.ts";
import { digestOf, World } from "./store-world.ts";

const digest = digestOf("image");
const w = parseWorkerId("w");

function image(state: ImageState, at: number, more: Partial<WorkerImage["status"]> = {}): WorkerImage {
  const status = { digest, ref: "base", state, attempt: 1, asked: [], seq: at, since: at, ...more };
  return {
    workerId: w,
    workerName: "w",
    status,
    lost: false,
    observedAt: at,
    bootId: parseBootId("w-boot-1"),
  };
}

const note = (of: WorkerImage, isTransition = true) => ({ image: of, isTransition });

export function describeImages(name: string, open: OpenStore): void {
  describe(`${name}: images of workers`, () => {
    test("the last word and the transitions, newest first; figures are not kept", async () => {
      await using store = await open();
      await new World(store).worker("w").greet();
      const progress = { unit: "bytes", done: 5, total: 10, percent: 50 } as const;
      const notes = [note(image("queued", 1)), note(image("downloading", 2, { progress }))];
      await store.write.imagesNote({ notes });
      await store.write.imagesNote({ notes: [note(image("ready", 3))] });
      const { progress: _p, ...kept } = image("downloading", 2, { progress }).status;
      expect(await store.read.imageTransitions({ workerId: w, digest })).toEqual([
        { bootId: "w-boot-1", status: image("ready", 3).status },
        { bootId: "w-boot-1", status: kept },
        { bootId: "w-boot-1", status: image("queued", 1).status },
      ]);
      expect(await store.read.imagesLast({ workerId: w })).toEqual([{ ...image("ready", 3), lost: true }]);
      expect(await store.read.imagesLast({})).toHaveLength(1);
      expect(await store.read.imagesLast({ workerId: parseWorkerId("other") })).toEqual([]);
    });

    test("what is told twice counts once, and what is older replaces nothing", async () => {
      await using store = await open();
      await new World(store).worker("w").greet();
      const notes = [note(image("queued", 5)), note(image("ready", 9))];
      await Promise.all([1, 2, 3].map(() => store.write.imagesNote({ notes })));
      await store.write.imagesNote({ notes: [note(image("downloading", 7))] });
      const states = (await store.read.imageTransitions({ workerId: w, digest })).map(
        ({ status }) => status.state,
      );
      expect(states).toEqual(["ready", "downloading", "queued"]);
      expect(await store.read.imagesLast({})).toMatchObject([{ status: { state: "ready" }, observedAt: 9 }]);
      await store.write.imagesNote({ notes: [note({ ...image("ready", 9), observedAt: 50 }, false)] });
      expect(await store.read.imagesLast({})).toMatchObject([{ observedAt: 50 }]);
      expect(await store.read.imageTransitions({ workerId: w, digest })).toHaveLength(3);
    });

    test("the last hundred stay, of each image of each worker", async () => {
      await using store = await open();
      const world = new World(store);
      await Promise.all([world.worker("w").greet(), world.worker("v").greet()]);
      const other = digestOf("other");
      const many = Array.from({ length: 130 }, (_, at) => note(image(at % 2 ? "queued" : "failed", at + 1)));
      const beside = [
        note(image("ready", 1, { digest: other })),
        note({ ...image("ready", 2), workerId: parseWorkerId("v") }),
      ];
      for (let at = 0; at < many.length; at += 50)
        await store.write.imagesNote({ notes: [...many.slice(at, at + 50), ...beside] });
      const kept = await store.read.imageTransitions({ workerId: w, digest });
      expect([kept.length, kept[0]?.status.since, kept.at(-1)?.status.since]).toEqual([100, 130, 31]);
      expect(await store.read.imageTransitions({ workerId: w, digest: other })).toHaveLength(1);
      expect(await store.read.imageTransitions({ workerId: parseWorkerId("v"), digest })).toHaveLength(1);
    });

    test("old ones are forgotten in slices", async () => {
      await using store = await open();
      await new World(store).worker("w").greet();
      const old = Array.from({ length: 5 }, (_, at) => note(image("failed", at + 1)));
      await store.write.imagesNote({
        notes: [...old, note(image("ready", 100, { digest: digestOf("new") }))],
      });
      const asked = { before: 50, limit: 3 };
      expect([await store.write.imagesForget(asked), await store.write.imagesForget(asked)]).toEqual([3, 2]);
      expect(await store.write.imagesForget(asked)).toBe(0);
      expect(await store.read.imageTransitions({ workerId: w, digest })).toEqual([]);
      expect(await store.read.imagesLast({})).toMatchObject([{ status: { state: "ready" } }]);
    });

    test("of a worker that nobody knows, or that is revoked, nothing is kept", () => keepsNothing(open));
  });
}

async function keepsNothing(open: OpenStore): Promise<void> {
  await using store = await open();
  await store.write.imagesNote({ notes: [note(image("ready", 1))] });
  expect(await store.read.imagesLast({})).toEqual([]);
  const proof = { kind: "credential", hash: "h" } as const;
  await store.write.workerJoin({ workerId: w, proof, now: 1 });
  await new World(store).worker("w").greet();
  await store.write.imagesNote({ notes: [note(image("ready", 1))] });
  expect(await store.read.imagesLast({})).toHaveLength(1);
  await store.write.workerRevoke({ workerId: w, now: 2 });
  await store.write.imagesNote({ notes: [note(image("failed", 3))] });
  expect(await store.read.imagesLast({})).toEqual([]);
  expect(await store.read.imageTransitions({ workerId: w, digest })).toEqual([]);
}
