/** The images of a worker on real engines: a file from a registry's server, imported, cut, cancelled; a reference, pulled. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { silentLog, systemClock, systemRandom } from "@haversack/base";
import {
  type BaseImage,
  type BaseImageFile,
  type Digest,
  parseDigest,
  type Upward,
} from "@haversack/protocol";
import { expect, test } from "vitest";
import { openImages } from "../../../packages/worker/src/images/open-images.ts";
import { openRuntime } from "../../../packages/worker/src/runtime/open-runtime.ts";
import { plainSettings } from "../../../packages/worker/src/testing/images-world.ts";
import { testBaseImage } from "../../support/base-image.ts";
import { type EngineKind, engineAddress, engineKinds, withEngine } from "../../support/container-engines.ts";
import { type AnswerFault, testRegistry } from "../../support/registry.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = new AbortController().signal;
const stamp = () => `test-${systemRandom.id()}`;

type FileSaid = BaseImageFile & { readonly sha256: string };

/** What the manifest in the file says, as the coordinator would send it. */
async function baseIn(manifestFile: string): Promise<BaseImage> {
  const said = JSON.parse(await readFile(manifestFile, "utf8")) as {
    readonly stamp: string;
    readonly recipe: string;
    readonly arches: Readonly<Record<string, Readonly<Partial<Record<"oci" | "lxd", FileSaid>>>>>;
  };
  const read = (file: FileSaid): BaseImageFile => ({ ...file, sha256: parseDigest(`sha256:${file.sha256}`) });
  const arches = Object.entries(said.arches).map(
    ([arch, { oci, lxd }]) =>
      [arch, { ...(oci && { oci: read(oci) }), ...(lxd && { lxd: read(lxd) }) }] as const,
  );
  return { stamp: said.stamp, recipe: said.recipe as Digest, arches: new Map(arches) };
}

async function worldOn(engine: EngineKind) {
  const folder = await tempFolder();
  const faults: AnswerFault[] = [];
  const registry = await testRegistry({
    fault: ({ kind }) => (kind === "files" ? faults.shift() : undefined),
  });
  const made = await testBaseImage(registry, {
    folder: folder.path,
    stamp: stamp(),
    ballastBytes: 3_000_000,
    imageFile: engine === "lxd" ? "lxd" : "oci",
  });
  const base = await baseIn(made.manifestFile);
  const surroundings = { clock: systemClock, env: {} };
  const runtime = await openRuntime({ engine, socket: engineAddress(engine) }, surroundings);
  const sent: Upward[] = [];
  const opened = openImages({
    ports: { clock: systemClock, random: { ...systemRandom, fraction: () => 0 }, log: silentLog },
    runtime,
    kind: engine,
    settings: plainSettings("lazy"),
    dataDir: join(folder.path, "worker"),
    hostEnv: new Map(),
    uplink: {
      onUp: () => () => {},
      send(message) {
        sent.push(message);
        if (message.kind === "imagePermit") opened.take({ kind: "imagePermit", digest: message.digest });
      },
    },
    limits: { reserveBytes: 0 },
  });
  await opened.start();
  while (opened.images.baseFor(base) === undefined) await turn();
  opened.take({ kind: "baseImage", base });
  const image = opened.images.baseFor(base);
  if (image === undefined) throw new Error("there is no image for this engine");
  return {
    registry,
    faults,
    made,
    image,
    sent,
    runtime,
    images: opened.images,
    folder: join(folder.path, "worker", "images"),
    status: () => opened.images.statuses().find(({ digest }) => digest === image.digest),
    async [Symbol.asyncDispose]() {
      await opened.stop();
      await runtime.removeImage(image.identity, never);
      await runtime.close();
      await registry[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

for (const engine of engineKinds)
  withEngine(engine, `the images of a worker on ${engine}`, () => {
    test("a base image is imported once, whatever cuts it, and each byte comes once", async () => {
      await using world = await worldOn(engine);
      world.faults.push({ cutAt: 1_000_000 }, { status: 503 });
      expect((await world.images.choose(world.image, "a")).kind).toBe("build");
      for (let deploy = 0; deploy < 20; deploy++)
        world.images.ensure(world.image, "deploy", `r-${deploy}/deploy`);
      expect(await world.images.ready(world.image, 60_000, never)).toBe(true);
      const choice = await world.images.choose(world.image, "b");
      expect(choice).toMatchObject({ kind: "image" });
      const files = world.registry.requests.filter(({ url }) => url.includes("/files/"));
      expect(files.map(({ status }) => status)).toEqual([200, 503, 206]);
      const kept = Number(/bytes=(\d+)-/.exec(files[2]?.range ?? "")?.[1]);
      expect(kept).toBeGreaterThan(0);
      expect(kept + (files[2]?.bytes ?? 0)).toBe(world.made.size);
      expect((await readdir(world.folder)).filter((name) => /part|file/.test(name))).toEqual([]);
    });

    test("a cancelled one is gone within a second and comes when it is asked for again", async () => {
      await using world = await worldOn(engine);
      world.faults.push({ stallAt: 500_000 });
      world.images.ensure(world.image, "deploy", "r/deploy");
      while ((world.status()?.progress?.done ?? 0) < 100_000) await turn();
      const began = performance.now();
      const cancel = { id: 1, ref: "base", order: { kind: "cancel", by: "ann" } } as const;
      expect((await world.images.order(cancel)).status?.state).toBe("cancelled");
      expect(performance.now() - began).toBeLessThan(1000);
      await world.images.order({ id: 2, ref: "base", order: { kind: "pull", by: "ann" } });
      expect(await world.images.ready(world.image, 60_000, never)).toBe(true);
    });

    test.skipIf(engine === "lxd")(
      "a reference is pulled with a true total, under a lease, and a tag is pinned; a base image on its way holds it up in nothing",
      async () => {
        await using world = await worldOn(engine);
        world.faults.push({ stallAt: 500_000 });
        world.images.ensure(world.image, "deploy", "r/deploy");
        while ((world.status()?.progress?.done ?? 0) < 100_000) await turn();
        const { image } = world.made;
        const ref = `${world.registry.host}/base@${image.digest}`;
        world.registry.tag("base", "newest", image);
        expect(await world.images.resolveReference(`${world.registry.host}/base:newest`, never)).toBe(ref);
        const lease = await world.images.fetchReference(ref, "r/deploy", AbortSignal.timeout(60_000));
        expect(lease.imageId).toBe(world.image.identity.id);
        const pulledNow = () =>
          world.sent
            .flatMap((message) => (message.kind === "images" ? message.statuses : []))
            .filter((status) => status.ref === ref);
        // It is told when it is written down.
        while (pulledNow().at(-1)?.state !== "ready") await turn();
        const pulled = pulledNow();
        expect(pulled.at(-1)).toMatchObject({ method: "pull" });
        for (const { progress } of pulled) expect(progress?.percent ?? 0).toBeLessThan(100);
        lease.end();
        const missing = `${world.registry.host}/base@sha256:${"0".repeat(64)}`;
        await expect(world.images.fetchReference(missing, "r/deploy", never)).rejects.toMatchObject({
          code: "not_found",
        });
      },
    );
  });
