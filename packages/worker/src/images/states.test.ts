/** In each state of a flight: cancelled, stopped, and begun again by the next process. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ImageState } from "@haversack/protocol";
import { describe, expect, test } from "vitest";
import type { HeldCall } from "../testing/fake-runtime.ts";
import { comesTrue, type ImagesWorld, imagesWorld } from "../testing/images-world.ts";

interface Held extends AsyncDisposable {
  readonly world: ImagesWorld;
  /** What kept it in the state does so no more. */
  readonly letGo: () => void;
}

const states = ["queued", "resolving", "downloading", "verifying", "importing"] as const;
type Flying = (typeof states)[number];

/** A flight that stays in the state. */
async function heldIn(state: Flying): Promise<Held> {
  const world = await imagesWorld({ permits: state === "queued" ? "never" : "at once" });
  if (state === "resolving") world.server.next.push({ kind: "silent" });
  if (state === "downloading") world.server.next.push({ kind: "stall", after: 100_000 });
  let call: HeldCall | undefined;
  if (state === "importing") call = world.runtime.holdNext("importImage");
  world.opened.images.ensure(world.image, "deploy", "r/deploy");
  await world.comes(state);
  if (state === "queued") await comesTrue(() => world.sent.some(({ kind }) => kind === "imagePermit"));
  if (state === "resolving") await world.server.asked(1);
  if (state === "downloading") await comesTrue(() => world.status()?.progress?.done === 100_000);
  await call?.reached;
  return {
    world,
    letGo: () => void world.opened.take({ kind: "imagePermit", digest: world.digest }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const files = async (world: ImagesWorld): Promise<readonly string[]> =>
  (await readdir(join(world.dataDir, "images")))
    .map((name) => name.replace(/^[0-9a-f]{64}\./, ""))
    .toSorted();

/** Nothing holds a hash: it may be over by now. */
const orNext = (state: Flying): unknown =>
  expect.stringMatching(state === "verifying" ? /^(verifying|importing|ready)$/ : new RegExp(`^${state}$`));

describe.each(states)("an image that is %s", (state) => {
  test("is cancelled at once, is told so, and comes when an operator asks again", async () => {
    await using held = await heldIn(state);
    const { world } = held;
    const began = performance.now();
    const answer = await world.opened.images.order({
      id: 3,
      ref: "base",
      order: { kind: "cancel", by: "ann" },
    });
    expect(answer).toMatchObject({
      id: 3,
      resumed: false,
      status: { state: "cancelled", cancelledBy: "ann" },
    });
    expect(performance.now() - began).toBeLessThan(1000);
    await comesTrue(() => world.told.at(-1)?.state === "cancelled");
    // Nothing of the flight is left: its lock is gone.
    await comesTrue(async () => !(await files(world)).includes("lock"));
    expect(world.status()?.state).toBe("cancelled");
    // A deploy waits an hour, an operator does not.
    world.opened.images.ensure(world.image, "deploy", "s/deploy");
    expect(world.status()?.state).toBe("cancelled");
    const pull = { id: 4, ref: world.digest, order: { kind: "pull", by: "ann" } } as const;
    expect(await world.opened.images.order(pull)).toMatchObject({ resumed: false, status: { attempt: 1 } });
    held.letGo();
    await comesTrue(() => world.sent.filter(({ kind }) => kind === "imagePermit").length > 0);
    if (state === "queued") await permitUntilGranted(world);
    await world.comes("ready");
    expect(world.server.sentBytes).toBe(world.file.length);
  });

  test("is joined by whoever asks", async () => {
    await using held = await heldIn(state);
    const { world } = held;
    const pull = { id: 4, ref: "base", order: { kind: "pull", by: "ann" } } as const;
    const answer = await world.opened.images.order(pull);
    expect(answer).toMatchObject({
      resumed: true,
      status: { state: orNext(state), asked: ["r/deploy", "ann"] },
    });
    const wrong = `sha256:${"0".repeat(64)}` as typeof world.digest;
    const other = { id: 5, ref: "base", order: { kind: "pull", by: "ann", digest: wrong } } as const;
    expect((await world.opened.images.order(other)).refusal?.code).toBe("digest_differs");
  });

  test("is queued when the worker stops, within two seconds, and goes on after the start without a byte twice", async () => {
    await using held = await heldIn(state);
    const { world } = held;
    const began = performance.now();
    await world.opened.stop();
    expect(performance.now() - began).toBeLessThan(2000);
    expect(world.status()).toMatchObject({ state: "queued" });
    expect(await files(world)).not.toContain("lock");
    await world.restart();
    if (state === "queued") await permitUntilGranted(world);
    await world.comes("ready");
    expect(world.server.sentBytes).toBe(world.file.length);
    await world.opened.stop();
    expect(await files(world)).toEqual(["json"]);
  });

  test("is changed neither by what the engine says meanwhile nor by a second cancellation of another", async () => {
    await using held = await heldIn(state);
    const { world } = held;
    const before = world.status();
    const look = { id: 1, ref: "base", order: { kind: "look" } } as const;
    expect((await world.opened.images.order(look)).status).toMatchObject({ state: orNext(state) });
    world.opened.images.turnedOut(world.image, "absent", "gone");
    expect(world.status()).toMatchObject({ state: orNext(state), attempt: before?.attempt });
  });
});

async function permitUntilGranted(world: ImagesWorld): Promise<void> {
  const left: readonly ImageState[] = ["queued"];
  await comesTrue(() => {
    world.opened.take({ kind: "imagePermit", digest: world.digest });
    return !left.includes(world.status()?.state ?? "queued");
  });
}

describe("an image", () => {
  test("that failed is cancelled: it is not tried again", async () => {
    await using world = await imagesWorld();
    world.server.always = { kind: "status", status: 500 };
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await world.comes("failed");
    await world.opened.images.order({ id: 1, ref: "base", order: { kind: "cancel", by: "ann" } });
    world.clock.advance(600_000);
    expect(world.status()).toMatchObject({ state: "cancelled" });
    expect(world.server.requests).toHaveLength(1);
  });

  test("that is absent or ready is not changed by a cancellation, which is answered all the same", async () => {
    await using world = await imagesWorld();
    await world.comes("absent");
    const cancel = { id: 1, ref: "base", order: { kind: "cancel", by: "ann" } } as const;
    expect(await world.opened.images.order(cancel)).toMatchObject({ status: { state: "absent" } });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await world.comes("ready");
    expect(await world.opened.images.order(cancel)).toMatchObject({ status: { state: "ready" } });
    const pull = { id: 2, ref: "base", order: { kind: "pull", by: "ann" } } as const;
    expect(await world.opened.images.order(pull)).toMatchObject({
      resumed: false,
      status: { state: "ready" },
    });
    expect(world.server.requests).toHaveLength(1);
  });

  test("whose import could not be stopped any more ends as ready, and says so", async () => {
    await using world = await imagesWorld();
    const call = world.runtime.holdNext("importImage");
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await call.reached;
    // The engine has it when the cancellation comes, and has not said so yet.
    world.runtime.images.set(world.image.identity.id, world.image.identity);
    const cancel = world.opened.images.order({ id: 1, ref: "base", order: { kind: "cancel", by: "ann" } });
    expect(world.status()?.state).toBe("cancelled");
    await cancel;
    expect((await world.comes("ready")).why).toMatch(/could not be stopped/);
  });

  test("of a worker that nobody permits begins after a minute and some", async () => {
    await using world = await imagesWorld({ permits: "never" });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await comesTrue(() => world.sent.some(({ kind }) => kind === "imagePermit"));
    expect(world.status()).toMatchObject({
      state: "queued",
      why: expect.stringContaining("leave to download"),
    });
    const questions = () => world.sent.filter(({ kind }) => kind === "imagePermit").length;
    const before = questions();
    world.clock.advance(10_000);
    expect(questions()).toBe(before + 1);
    world.clock.advance(64_999);
    expect(world.server.requests).toHaveLength(0);
    world.clock.advance(1);
    await world.comes("ready");
  });

  test("makes progress that is told once a second, never goes back and never says 100", async () => {
    await using world = await imagesWorld();
    world.server.next.push({ kind: "stall", after: 100_000 });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await comesTrue(() => world.status()?.progress?.done === 100_000);
    const told = () => world.told.filter(({ state }) => state === "downloading").length;
    await comesTrue(() => told() > 0);
    const before = told();
    world.clock.advance(1000);
    await comesTrue(() => told() > before);
    expect(world.told.at(-1)?.progress).toMatchObject({
      unit: "bytes",
      done: 100_000,
      total: 300_000,
      percent: 33,
    });
    world.clock.advance(59_000);
    await world.comes("failed");
    world.clock.advance(5000);
    await world.comes("ready");
    await comesTrue(() => world.told.at(-1)?.state === "ready");
    const shown = world.told.flatMap(({ progress }) =>
      progress?.percent === undefined ? [] : [progress.percent],
    );
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
    expect(Math.max(...shown)).toBeLessThan(100);
    expect(world.told.at(-1)).toMatchObject({ state: "ready" });
    expect(world.told.at(-1)?.progress).toBeUndefined();
  });
});
