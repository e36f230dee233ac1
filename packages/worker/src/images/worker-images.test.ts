import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type BaseImage, type Digest, flightCodes } from "@haversack/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { turns } from "../../../../tests/support/fake-clock.ts";
import { baseOf, comesTrue, imageId, imagesWorld } from "../testing/images-world.ts";
import { FlightFault } from "./flight-fault.ts";

const look = { id: 1, ref: "base", order: { kind: "look" } } as const;
const pull = { id: 2, ref: "base", order: { kind: "pull", by: "ann" } } as const;
const never = new AbortController().signal;

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
    expect(world.status()?.asked).toHaveLength(16);
    const seqs = world.told.map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    const choice = await images.choose(world.image, "b");
    expect(choice).toMatchObject({ kind: "image", lease: { imageId, digest: world.digest } });
    // Our file goes once the engine has it.
    const left = await readdir(join(world.dataDir, "images"));
    expect(left.filter((name) => !name.endsWith(".lock"))).toEqual([`${world.digest.slice(7)}.json`]);
  });

  test("is not fetched by itself where the policy is off, and an operator's pull works", async () => {
    await using world = await imagesWorld({ policy: "off" });
    await world.comes("disabled");
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    world.opened.images.ensure(world.image, "eager", "eager");
    await turns(20);
    expect(world.status()).toMatchObject({ state: "disabled", why: expect.stringContaining("off") });
    expect(await world.opened.images.ready(world.image, 60_000, never)).toBe(false);
    await world.opened.images.order(pull);
    await world.comes("ready");
    expect((await world.opened.images.choose(world.image, "a")).kind).toBe("image");
  });

  test("that is there is used under every policy, but where the worker's file says no", async () => {
    await using world = await imagesWorld({ policy: "off", settings: { use: false } });
    world.runtime.images.set(imageId, { id: imageId, arch: "x64", stamp: "2026.11.1" });
    await world.opened.images.order(look);
    expect(world.status()?.state).toBe("ready");
    expect(await world.opened.images.choose(world.image, "a")).toMatchObject({
      kind: "build",
      why: expect.stringContaining("images.use"),
    });
  });

  test("is fetched at start where the policy is eager, within a minute of chance", async () => {
    await using world = await imagesWorld({ policy: "eager" });
    await world.comes("absent");
    world.clock.advance(29_999);
    expect(world.status()?.state).toBe("absent");
    world.clock.advance(1);
    expect(await world.comes("ready")).toMatchObject({ cause: "eager" });
  });

  test("of another architecture, or without a file for the engine, is unsupported and never guessed", async () => {
    await using world = await imagesWorld({ runtime: { info: { arch: "riscv64" } } });
    expect(world.opened.images.baseFor(world.base)).toBeUndefined();
    const [status] = world.opened.images.statuses();
    expect(status).toMatchObject({
      ref: "base",
      state: "unsupported",
      why: expect.stringContaining("riscv64"),
    });
    expect(await world.opened.images.order(pull)).toMatchObject({ refusal: { code: "unsupported" } });
    expect((await world.opened.images.order(look)).status?.state).toBe("unsupported");
    expect(
      (await world.opened.images.order({ ...look, order: { kind: "cancel", by: "a" } })).refusal,
    ).toBeUndefined();
    await using lxd = await imagesWorld({
      runtime: { info: { kind: "lxd", imageFile: "lxd", canPull: false } },
    });
    expect(lxd.opened.images.statuses()[0]).toMatchObject({ state: "unsupported" });
    await using arm = await imagesWorld({ runtime: { info: { arch: "aarch64" } } });
    expect(arm.opened.images.statuses()[0]).toMatchObject({
      why: expect.stringContaining("nothing for arm64"),
    });
    // A manifest that has it ends that.
    const base: BaseImage = { ...arm.base, arches: new Map([["arm64", { ...arm.base.arches.get("x64") }]]) };
    arm.opened.take({ kind: "baseImage", base });
    expect(arm.opened.images.statuses().map(({ digest, arch }) => [digest, arch])).toEqual([
      [arm.digest, "arm64"],
    ]);
  });

  test("that another one follows goes on, and serves the tasks that name it", async () => {
    await using world = await imagesWorld();
    world.server.next.push({ kind: "stall", after: 1000 });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await comesTrue(() => world.status()?.progress?.done === 1000);
    const next = baseOf(`sha256:${"22".repeat(32)}` as Digest, [world.server.url], 5);
    world.opened.take({ kind: "baseImage", base: next });
    expect(world.status()).toMatchObject({ state: "downloading", ref: world.digest });
    world.opened.images.ensure(world.opened.images.baseFor(next) ?? world.image, "deploy", "s/deploy");
    const other = world.opened.images.statuses().find(({ digest }) => digest !== world.digest);
    expect(other).toMatchObject({
      ref: "base",
      state: "queued",
      why: expect.stringContaining("another download"),
    });
    world.clock.advance(60_000);
    await world.comes("failed");
    world.clock.advance(30_000);
    await world.comes("ready");
    expect((await world.opened.images.choose(world.image, "a")).kind).toBe("image");
  });
});

describe("an engine", () => {
  test("that is away makes what is known unknown, and keeps nobody; when it is back, it is asked", async () => {
    await using world = await imagesWorld();
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await world.comes("ready");
    world.runtime.goneBecause = "the socket is gone";
    const choice = await world.opened.images.choose(world.image, "a");
    expect(choice).toMatchObject({ kind: "build", why: expect.stringContaining("could not be asked") });
    expect(world.status()).toMatchObject({
      state: "unknown",
      why: expect.stringContaining("socket is gone"),
    });
    await comesTrue(() => world.opened.engine().unavailable !== undefined);
    const waits: number[] = [];
    for (let probe = 0; probe < 6; probe++) {
      const asked = world.runtime.calls.filter((call) => call === "describe").length;
      const before = world.clock.monotonic();
      while (world.runtime.calls.filter((call) => call === "describe").length === asked) {
        world.clock.advance(Math.max(1, world.clock.nextIn ?? 1));
        await turns(3);
      }
      waits.push(Math.round((world.clock.monotonic() - before) / 1000));
    }
    expect(waits).toEqual([5, 10, 20, 40, 60, 60]);
    world.runtime.goneBecause = undefined;
    world.clock.advance(60_000);
    await world.comes("ready");
    await comesTrue(() => world.opened.engine().unavailable === undefined);
    expect(world.sent.filter(({ kind }) => kind === "engine").length).toBeGreaterThanOrEqual(3);
  });

  test("that never answers holds up neither a choice nor a flight that waits for it", async () => {
    await using world = await imagesWorld();
    await world.comes("absent");
    world.runtime.holdNext("inspectImage");
    const choosing = world.opened.images.choose(world.image, "a");
    await turns(3);
    world.clock.advance(2000);
    expect(await choosing).toMatchObject({ kind: "build", why: expect.stringContaining("within 2 s") });
    world.runtime.goneBecause = "stopped";
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await comesTrue(
      () => world.status()?.why?.includes("stopped") === true && world.status()?.state === "queued",
    );
    world.runtime.goneBecause = undefined;
    world.clock.advance(60_000);
    await world.comes("ready");
  });

  test("that goes away in an import keeps the file: it is imported when the engine is back", async () => {
    await using world = await imagesWorld();
    const call = world.runtime.holdNext("importImage");
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await call.reached;
    world.runtime.goneBecause = "killed";
    call.fail(new FlightFault("runtime_unavailable", "killed"));
    expect((await world.comes("failed")).failure).toMatchObject({ code: "runtime_unavailable" });
    world.runtime.goneBecause = undefined;
    world.clock.advance(5000);
    await world.comes("ready");
    expect(world.server.sentBytes).toBe(world.file.length);
  });

  test("that takes a file, and then has no such image, has not imported it", async () => {
    await using world = await imagesWorld();
    const call = world.runtime.holdNext("importImage");
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await call.reached;
    world.runtime.images.set(imageId, { id: imageId, arch: "x64", stamp: "another" });
    call.go();
    expect((await world.comes("failed")).failure).toMatchObject({
      code: expect.stringMatching(/import_failed|corrupt/),
    });
  });
});

describe("what turned out at a create", () => {
  test("an image that somebody removed is absent, and comes again", async () => {
    await using world = await imagesWorld();
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await world.comes("ready");
    world.runtime.images.clear();
    world.opened.images.turnedOut(world.image, "absent", "pruned");
    expect(world.status()?.state).toBe("absent");
    world.opened.images.ensure(world.image, "deploy", "s/deploy");
    await world.comes("ready");
    expect(world.server.requests).toHaveLength(2);
  });

  test("an image that is no good is retired: not chosen, and removed before it is fetched again", async () => {
    await using world = await imagesWorld();
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await world.comes("ready");
    world.opened.images.turnedOut(world.image, "corrupt", "exec format error");
    expect(world.status()).toMatchObject({
      state: "failed",
      failure: { code: "corrupt", message: "exec format error" },
    });
    expect((await world.opened.images.choose(world.image, "a")).kind).toBe("build");
    await world.opened.images.order(look);
    expect(world.status()?.state).toBe("failed");
    await world.opened.images.order(pull);
    await world.comes("ready");
    expect(world.runtime.calls).toContain(`removeImage ${imageId}`);
    expect(world.server.requests).toHaveLength(2);
    expect((await world.opened.images.choose(world.image, "a")).kind).toBe("image");
  });
});

describe("a step that waits for the image", () => {
  test("goes on when it is ready, when its time is over, and when nothing comes any more", async () => {
    await using world = await imagesWorld();
    world.server.next.push({ kind: "stall", after: 1000 }, { kind: "status", status: 404 });
    const { images } = world.opened;
    images.ensure(world.image, "deploy", "r/deploy");
    await comesTrue(() => world.status()?.progress?.done === 1000);
    const short = images.ready(world.image, 1000, never);
    world.clock.advance(1000);
    expect(await short).toBe(false);
    const gone = new AbortController();
    const ended = images.ready(world.image, 1000, gone.signal);
    gone.abort();
    expect(await ended).toBe(false);
    const long = images.ready(world.image, 3_600_000, never);
    world.clock.advance(60_000);
    await world.comes("failed");
    world.clock.advance(5000);
    // Not there: nothing is tried again by itself.
    expect(await long).toBe(false);
    await images.order(pull);
    expect(await images.ready(world.image, 3_600_000, never)).toBe(true);
    expect(world.clock.timers).toBeLessThan(5);
  });
});

describe("whoever asks for an image", () => {
  test("hears nothing of what becomes of it, whatever goes wrong (F1)", async () => {
    const wrong = fc.record({
      verb: fc.constantFrom("inspectImage", "importImage", "describe"),
      code: fc.constantFrom(...flightCodes),
      server: fc.constantFrom(200, 404, 429, 500),
    } as const);
    await fc.assert(
      fc.asyncProperty(fc.array(wrong, { maxLength: 4 }), async (faults) => {
        await using world = await imagesWorld({ file: Buffer.from("small") });
        for (const { verb, code, server } of faults) {
          world.runtime.failNext(verb, new FlightFault(code, "made up"));
          if (server !== 200) world.server.next.push({ kind: "status", status: server });
        }
        expect(world.opened.images.ensure(world.image, "deploy", "r/deploy")).toBeUndefined();
        expect(["build", "image"]).toContain((await world.opened.images.choose(world.image, "a")).kind);
      }),
      { numRuns: 25 },
    );
  });
});
