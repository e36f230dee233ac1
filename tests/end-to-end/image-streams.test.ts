/** A stream of an image through everything that may break it (I13): never failed, one end, and percent only goes up. */

import { expect, test } from "vitest";
import { noSignal } from "../support/access.ts";
import { expectWhole, figures, readImage } from "../support/image-reader.ts";
import type { ImageWorker } from "../support/image-worker.ts";
import { baseDigest, ImageWorld } from "../support/image-world.ts";
import { tempSchema, withPostgres } from "../support/postgres.ts";
import { tcpProxy } from "../support/tcp-proxy.ts";
import { tempFolder } from "../support/temp-folder.ts";

const base = baseDigest("1");
test("cut ten times in the middle of whatever was written", async () => {
  await using world = await ImageWorld.start();
  const worker = await world.worker("w");
  const token = await world.token("admin");
  // Between them the reader gets a frame or two.
  await using proxy = await tcpProxy(world.url, [900, 1100, 1300, 700, 1500, 950, 1250, 800, 1400, 1000]);
  worker.says(base, "downloading", { progress: figures(1) });
  const since = worker.table.get(base)?.since ?? 0;
  let percent = 1;
  const seen = await readImage(
    () => proxy.url,
    token,
    ({ event }) => {
      if (event === "end") return;
      if (proxy.cuts >= 10) worker.says(base, "ready");
      // Each frame brings the next one, until the last byte.
      else if (percent < 99) worker.says(base, "downloading", { since, progress: figures(++percent) });
    },
  );
  expect(proxy.cuts).toBe(10);
  expect(seen.returns).toBeGreaterThanOrEqual(10);
  expectWhole(seen, "ready");
});

test("the coordinator is stopped and started in the middle: the worker tells the new one, the reader comes back", async () => {
  await using world = await ImageWorld.start();
  const worker = await world.worker("w");
  const token = await world.token("admin");
  worker.says(base, "downloading", { progress: figures(40) });
  const restarted = Promise.withResolvers<void>();
  let snapshots = 0;
  const reading = readImage(
    () => world.url,
    token,
    ({ event, data }) => {
      if (event !== "snapshot" || data["state"] !== "downloading") return;
      snapshots += 1;
      if (snapshots === 1) void restart().then(restarted.resolve, restarted.reject);
    },
  );
  async function restart(): Promise<void> {
    await world.stopCoordinator();
    await world.startCoordinator();
    await worker.dial(world.url);
    worker.says(base, "downloading", { since: worker.table.get(base)?.since ?? 0, progress: figures(60) });
    worker.says(base, "verifying");
    worker.says(base, "ready");
  }
  await restarted.promise;
  expectWhole(await reading, "ready");
  // Who comes to a coordinator that was started since, with the id of an end from before.
  const client = await world.client();
  const transitions = await client.imageTransitions("w", "base", noSignal);
  expect(transitions.map(({ state }) => state)).toEqual(["ready", "verifying", "downloading"]);
});

test("the worker's process is another one in the middle: it counts anew, and the reader sees one download", async () => {
  await using world = await ImageWorld.start();
  const worker = await world.worker("w");
  const token = await world.token("admin");
  for (let at = 0; at < 20; at++) worker.says(base, "downloading", { progress: figures(50) });
  let restarted: Promise<void> | undefined;
  const seen = await readImage(
    () => world.url,
    token,
    ({ event }) => {
      if (event === "snapshot") restarted ??= restart(worker, world.url);
    },
  );
  await restarted;
  expectWhole(seen, "ready");
});

async function restart(worker: ImageWorker, url: string): Promise<void> {
  await worker.hangUp();
  worker.restart();
  await worker.dial(url);
  // The last bytes were not on its disk yet: it has less than was told.
  worker.says(base, "downloading", { progress: figures(45) });
  worker.says(base, "ready");
}

withPostgres("two coordinators", () => {
  test("so many download at once in the fleet, whichever of them a worker is connected to", async () => {
    await using schema = await tempSchema();
    await using blobs = await tempFolder();
    const shared = { store: schema.url, imagePermits: "1" };
    await using first = await ImageWorld.start(shared, blobs.path);
    await using second = await ImageWorld.start(shared, blobs.path);
    const [one, two] = [await first.worker("one"), await second.worker("two")];
    const asked = { kind: "imagePermit", digest: base } as const;
    const isGiven = ({ kind }: { readonly kind: string }) => kind === "imagePermit";
    one.send(asked);
    await one.until(isGiven);
    one.says(base, "downloading");
    two.send(asked);
    let isFree = false;
    const given = two.until(isGiven).then(() => isFree);
    // What it says next is taken after what it asked.
    two.says(base, "queued");
    const client = await second.client();
    await expect
      .poll(async () => (await client.imageStatus("two", "base", noSignal)).status.state)
      .toBe("queued");
    // It goes away in the middle: the other coordinator gives leave to the next one.
    isFree = true;
    await one.hangUp();
    expect(await given).toBe(true);
  });
});
