import { describe, expect, test } from "vitest";
import { comesTrue, imageId, imagesWorld } from "../testing/images-world.ts";

describe("a base image", () => {
  test("comes with the first deploy that asks, once for all that ask, and is told step by step", async () => {
    await using world = await imagesWorld();
    await world.comes("absent");
    const { images } = world.opened;
    expect((await images.choose(world.image, "a")).kind).toBe("build");
    for (let deploy = 0; deploy < 20; deploy++) images.ensure(world.image, "deploy", `run-${deploy}/deploy`);
    await world.comes("ready");
    expect(world.server.requests).toHaveLength(1);
    expect(world.server.sentBytes).toBe(world.file.length);
    await comesTrue(() => world.told.at(-1)?.state === "ready");
    const states = world.told.map(({ state }) => state).filter((state, at, all) => state !== all[at - 1]);
    expect(states.slice(states.indexOf("queued"))).toEqual([
      "queued",
      "resolving",
      "downloading",
      "verifying",
      "importing",
      "ready",
    ]);
    expect(world.told.map(({ seq }) => seq)).toEqual(
      world.told.map(({ seq }) => seq).toSorted((a, b) => a - b),
    );
    const choice = await images.choose(world.image, "b");
    expect(choice).toMatchObject({ kind: "image", lease: { imageId, digest: world.digest } });
  });
});
