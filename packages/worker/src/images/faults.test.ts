/** What a server may do to a download: each fault by its code, on its schedule, and the image comes when the fault has gone. */

import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { tempFolder } from "../../../../tests/support/temp-folder.ts";
import type { Behaviour } from "../testing/image-server.ts";
import { comesTrue, type ImagesWorld, imagesWorld } from "../testing/images-world.ts";

const size = 300_000;

interface Fault {
  readonly behaviour: Behaviour;
  readonly code: string;
  /** When it is tried again; undefined: it is not. */
  readonly retryMs: number | undefined;
}

// Half of the cap of the first try: the chance of these tests is a half.
const soon = 5000;
const faults: readonly Fault[] = [
  { behaviour: { kind: "status", status: 401 }, code: "auth", retryMs: undefined },
  { behaviour: { kind: "status", status: 403 }, code: "auth", retryMs: undefined },
  { behaviour: { kind: "status", status: 404 }, code: "not_found", retryMs: undefined },
  { behaviour: { kind: "status", status: 410 }, code: "not_found", retryMs: undefined },
  {
    behaviour: { kind: "status", status: 429, headers: { "retry-after": "120" } },
    code: "rate_limited",
    retryMs: 120_000,
  },
  { behaviour: { kind: "status", status: 429 }, code: "rate_limited", retryMs: 60_000 },
  {
    behaviour: { kind: "status", status: 503, headers: { "retry-after": "999999" } },
    code: "rate_limited",
    retryMs: 3_600_000,
  },
  { behaviour: { kind: "status", status: 500 }, code: "http_5xx", retryMs: soon },
  { behaviour: { kind: "status", status: 503 }, code: "http_5xx", retryMs: soon },
  { behaviour: { kind: "status", status: 418 }, code: "protocol", retryMs: soon },
  { behaviour: { kind: "html" }, code: "protocol", retryMs: soon },
  { behaviour: { kind: "length", bytes: 1000 }, code: "protocol", retryMs: soon },
  { behaviour: { kind: "length", bytes: size + 1 }, code: "protocol", retryMs: soon },
  { behaviour: { kind: "unsized", bytes: size + 1 }, code: "protocol", retryMs: soon },
  { behaviour: { kind: "unsized", bytes: 1000 }, code: "truncated", retryMs: soon },
  { behaviour: { kind: "reset", after: 1000 }, code: "truncated", retryMs: soon },
  { behaviour: { kind: "wrong" }, code: "checksum", retryMs: soon },
  { behaviour: { kind: "range", contentRange: "bytes 0-10/11" }, code: "protocol", retryMs: soon },
  { behaviour: { kind: "redirect", to: "http://elsewhere.example/x" }, code: "protocol", retryMs: soon },
  { behaviour: { kind: "redirect", to: "/base.tar" }, code: "protocol", retryMs: soon },
];

async function failed(world: ImagesWorld) {
  world.opened.images.ensure(world.image, "deploy", "r/deploy");
  return await world.comes("failed");
}

/** The connection breaks when so many bytes are here in all. */
async function cutAt(world: ImagesWorld, after: number, done = after) {
  world.server.next.push({ kind: "stall", after });
  if (world.status()?.state !== "failed") world.opened.images.ensure(world.image, "deploy", "r/deploy");
  else world.clock.advance(20_000);
  await comesTrue(() => world.status()?.progress?.done === done, `${done} bytes`);
  world.server.cut();
  return await world.comes("failed");
}

describe("a download", () => {
  test("that is not let in with a secret of the vault may be asked for again after a minute", async () => {
    const credentials = new Map([["a.example", { username: "w", password: { secret: "pull" } }]]);
    await using world = await imagesWorld({ settings: { credentials } });
    world.server.next.push({ kind: "status", status: 401 });
    await failed(world);
    const again = () => world.opened.images.ensure(world.image, "deploy", "r/again");
    world.clock.advance(59_999);
    again();
    expect(world.status()?.state).toBe("failed");
    world.clock.advance(1);
    again();
    await world.comes("ready");
  });

  test.each(faults)(
    "$behaviour is $code, tried again after $retryMs ms",
    async ({ behaviour, code, retryMs }) => {
      await using world = await imagesWorld();
      world.server.always = behaviour;
      const began = world.clock.now();
      const { failure } = await failed(world);
      expect(failure).toMatchObject({ code });
      expect(failure?.retryAt).toBe(retryMs === undefined ? undefined : began + retryMs);
      expect(failure?.hint).not.toBe("");
      expect(JSON.stringify(world.opened.images.statuses())).not.toContain("hidden");
      world.server.always = { kind: "serve" };
      if (retryMs === undefined) {
        // A deploy does not shorten the pause of an hour; after it, it begins anew.
        await world.opened.images.choose(world.image, "x");
        world.opened.images.ensure(world.image, "deploy", "s/deploy");
        expect(world.status()?.state).toBe("failed");
        world.clock.advance(3_600_000);
        world.opened.images.ensure(world.image, "deploy", "s/deploy");
      } else {
        world.clock.advance(retryMs - 1);
        expect(world.status()?.state).toBe("failed");
        world.clock.advance(1);
      }
      expect(await world.comes("ready")).toMatchObject({ attempt: retryMs === undefined ? 1 : 2 });
    },
  );

  test("that is cut goes on from the same byte: none is fetched twice", async () => {
    await using world = await imagesWorld();
    await cutAt(world, 100_000);
    await cutAt(world, 50_000, 150_000);
    world.clock.advance(20_000);
    await world.comes("ready");
    expect(world.server.sentBytes).toBe(size);
    expect(world.server.requests.map(({ range }) => range)).toEqual([
      undefined,
      "bytes=100000-",
      "bytes=150000-",
    ]);
    expect(world.server.requests[1]?.["if-range"]).toBe('"one"');
    expect(world.server.requests[1]?.["accept-encoding"]).toBe("identity");
  });

  test("of a file that has changed meanwhile, or of a server without ranges, begins again", async () => {
    for (const change of ["etag", "whole"]) {
      await using world = await imagesWorld();
      await cutAt(world, 100_000);
      if (change === "etag") world.server.etag = '"two"';
      else world.server.next.push({ kind: "whole" });
      world.clock.advance(soon);
      await world.comes("ready");
      expect(world.server.sentBytes).toBe(100_000 + size);
    }
  });

  test("whose range is refused begins again, in the same try", async () => {
    await using world = await imagesWorld();
    await cutAt(world, 100_000);
    world.server.next.push({ kind: "status", status: 416 });
    world.clock.advance(soon);
    await world.comes("ready");
    expect(world.server.requests.map(({ range }) => range)).toEqual([undefined, "bytes=100000-", undefined]);
  });

  test("with a weak tag asks for the range without a condition: the hash judges", async () => {
    await using world = await imagesWorld();
    world.server.etag = 'W/"one"';
    await cutAt(world, 100_000);
    world.clock.advance(soon);
    await world.comes("ready");
    expect(world.server.requests[1]).toMatchObject({ range: "bytes=100000-" });
    expect(world.server.requests[1]?.["if-range"]).toBeUndefined();
    expect(world.server.sentBytes).toBe(size);
  });

  test("that stalls is given up after a minute without a byte, and goes on", async () => {
    await using world = await imagesWorld();
    world.server.next.push({ kind: "stall", after: 1000 });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await comesTrue(() => world.status()?.progress?.done === 1000, "1,000 bytes");
    world.clock.advance(59_999);
    await comesTrue(() => world.server.requests.length === 1);
    expect(world.status()?.state).toBe("downloading");
    world.clock.advance(1);
    expect((await world.comes("failed")).failure).toMatchObject({ code: "stalled" });
    world.clock.advance(soon);
    await world.comes("ready");
    expect(world.server.sentBytes).toBe(size);
  });

  test("from a server that takes the question and says nothing ends after 30 s", async () => {
    await using world = await imagesWorld();
    world.server.next.push({ kind: "silent" });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await world.server.asked(1);
    expect(world.status()?.state).toBe("resolving");
    world.clock.advance(30_000);
    expect((await world.comes("failed")).failure).toMatchObject({ code: "network" });
  });

  test("is tried five times after faults of the way, ever later, and then an hour not", async () => {
    await using world = await imagesWorld();
    world.server.always = { kind: "status", status: 500 };
    await failed(world);
    const waits: number[] = [];
    for (let attempt = 1; world.status()?.failure?.retryAt !== undefined; attempt++) {
      const wait = (world.status()?.failure?.retryAt ?? 0) - world.clock.now();
      waits.push(wait);
      world.clock.advance(wait);
      await comesTrue(() => world.status()?.attempt === attempt + 1 && world.status()?.state === "failed");
    }
    expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 80_000]);
    expect(world.server.requests).toHaveLength(6);
  });

  test("with the wrong hash is tried once more, from zero; then an operator is needed", async () => {
    await using world = await imagesWorld();
    world.server.next.push({ kind: "wrong" }, { kind: "wrong" });
    await failed(world);
    world.clock.advance(soon);
    await comesTrue(() => world.status()?.attempt === 2 && world.status()?.state === "failed");
    expect(world.status()?.failure?.retryAt).toBeUndefined();
    expect(world.server.requests.map(({ range }) => range)).toEqual([undefined, undefined]);
    const order = { id: 7, ref: "base", order: { kind: "pull", by: "ann" } } as const;
    expect(await world.opened.images.order(order)).toMatchObject({ id: 7, resumed: false });
    expect(await world.comes("ready")).toMatchObject({ attempt: 1, cause: "operator", asked: ["ann"] });
  });

  test("goes to the next address when one has nothing, and comes back to none that failed at once", async () => {
    await using world = await imagesWorld({ urls: ({ url, host }) => [`http://${host}/gone`, url] });
    world.server.next.push({ kind: "status", status: 404 });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await world.comes("ready");
    expect(world.server.paths).toEqual(["/gone", "/base.tar?signature=hidden"]);
  });

  test("after a wrong hash begins at the next address", async () => {
    await using world = await imagesWorld({ urls: ({ host }) => [`http://${host}/a`, `http://${host}/b`] });
    world.server.next.push({ kind: "wrong" });
    await failed(world);
    world.clock.advance(soon);
    await world.comes("ready");
    expect(world.server.paths).toEqual(["/a", "/b"]);
  });

  test("a redirect is asked for anew with each try, because signed ones expire", async () => {
    await using world = await imagesWorld({ urls: ({ host }) => [`http://${host}/latest`] });
    world.server.next.push({ kind: "redirect", to: "/signed?key=1" });
    await cutAt(world, 1000);
    world.server.next.push({ kind: "redirect", to: "/signed?key=2" });
    expect(world.status()?.failure?.message).not.toContain("key=1");
    world.clock.advance(soon);
    await world.comes("ready");
    expect(world.server.paths).toEqual(["/latest", "/signed?key=1", "/latest", "/signed?key=2"]);
    expect(world.server.sentBytes).toBe(size);
  });

  test("comes from a file of this host too", async () => {
    await using folder = await tempFolder();
    const path = `${folder.path}/base.tar`;
    await using world = await imagesWorld({ urls: () => [`file://${path}`] });
    expect((await failed(world)).failure).toMatchObject({ code: "not_found" });
    await writeFile(path, "short");
    await world.opened.images.order({ id: 1, ref: "base", order: { kind: "pull", by: "ann" } });
    await comesTrue(() => world.status()?.failure?.code === "protocol");
    await writeFile(path, world.file);
    await world.opened.images.order({ id: 2, ref: "base", order: { kind: "pull", by: "ann" } });
    await world.comes("ready");
    expect(world.server.requests).toHaveLength(0);
  });

  test("of a name that nobody has, or a port where nobody listens, says so", async () => {
    await using unknown = await imagesWorld({ urls: () => ["https://no-such-name.invalid/base.tar"] });
    expect((await failed(unknown)).failure?.code).toBe("dns");
    const closed = createServer();
    await new Promise<void>((resolve) => void closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await using nobody = await imagesWorld({ urls: () => [`http://127.0.0.1:${port}/base.tar`] });
    expect((await failed(nobody)).failure?.code).toBe("network");
    // Somebody who speaks no TLS.
    await using plain = await imagesWorld({ urls: ({ host }) => [`https://${host}/base.tar`] });
    expect((await failed(plain)).failure?.code).toBe("tls");
  });

  test("goes no faster than it may", async () => {
    await using world = await imagesWorld({ settings: { bytesPerSecondMax: 100_000 } });
    world.opened.images.ensure(world.image, "deploy", "r/deploy");
    await world.comes("downloading");
    const began = world.clock.monotonic();
    while (world.status()?.state === "downloading") {
      await comesTrue(() => world.clock.nextIn !== undefined);
      world.clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await world.comes("ready");
    expect(world.clock.monotonic() - began).toBeGreaterThan(2000);
  });
});
