/** A coordinator, workers that run containers on a real engine, a registry on loopback, and a base image in it. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemRandom } from "@haversack/base";
import Docker from "dockerode";
import { type TestBaseImage, type TestBaseOptions, testBaseImage } from "./base-image.ts";
import type { EngineKind } from "./container-engines.ts";
import { Fleet, type FleetOptions, haversack, type ProgramEnd } from "./fleet.ts";
import { lxdEngine } from "./lxd-engine.ts";
import { type TestRegistry, testRegistry } from "./registry.ts";

export interface DeployWorld extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly fleet: Fleet;
  readonly base: TestBaseImage;
  /** Engines are shared: a name of this world's own. */
  name(name: string): string;
  /** A command of a client. */
  cli(...args: string[]): Promise<ProgramEnd>;
  /** @param args besides the engine */
  worker(name: string, ...args: string[]): ReturnType<Fleet["startWorker"]>;
}

export interface DeployWorldOptions extends Partial<Omit<TestBaseOptions, "folder">> {
  readonly engine: EngineKind;
  /** `unix:///…`, of LXD a path. */
  readonly address: string;
  readonly bytesPerSecond?: number;
  readonly fleet?: FleetOptions;
}

export async function openDeployWorld(options: DeployWorldOptions): Promise<DeployWorld> {
  const { engine, address, bytesPerSecond, fleet: ofFleet = {}, ...base } = options;
  const folder = await mkdtemp(join(tmpdir(), "haversack-images-"));
  const registry = await testRegistry(bytesPerSecond === undefined ? {} : { bytesPerSecond });
  const imageFile = engine === "lxd" ? "lxd" : "oci";
  const image = await testBaseImage(registry, { ballastBytes: 1_000_000, imageFile, ...base, folder });
  const fleet = await Fleet.start({
    ...ofFleet,
    env: {
      ...ofFleet.env,
      HAVERSACK_IMAGES: image.manifestFile,
      HAVERSACK_IMAGES_UNSIGNED: "1",
      HAVERSACK_IMAGE_RECIPE: image.recipeFile,
      HAVERSACK_FALLBACK_IMAGE: image.fallback,
    },
  });
  const socket = address.replace(/^unix:\/\//, "");
  const lxd = engine === "lxd" ? await lxdEngine(socket, folder) : undefined;
  const ofWorker = lxd === undefined ? {} : { HAVERSACK_DEPLOY_FALLBACK_IMAGE: lxd.plainImage };
  const suffix = systemRandom
    .id()
    .slice(-8)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "0");
  return {
    registry,
    fleet,
    base: image,
    name: (name) => `${name}-${suffix}`,
    cli: (...args) => haversack([...args, "--data", fleet.data]),
    worker: (name, ...args) =>
      fleet.startWorker(name, ["--deploy", `${engine}=${socket}`, ...args], ofWorker),
    async [Symbol.asyncDispose]() {
      await fleet[Symbol.asyncDispose]();
      if (lxd === undefined) await removeAll(new Docker({ socketPath: socket }), suffix);
      else await lxd.removeAll(suffix);
      await registry[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Containers outlive workers, which is what they are for. */
async function removeAll(engine: Docker, suffix: string): Promise<void> {
  const listed = await engine.listContainers({ all: true, filters: { label: ["haversack.deployment"] } });
  const ours = listed.filter(({ Labels }) => Labels["haversack.deployment"]?.endsWith(`-${suffix}`) === true);
  await Promise.all(ours.map(({ Id }) => engine.getContainer(Id).remove({ force: true, v: true })));
  // The worker is not there any more to remove the network with the last one.
  const clusters = new Set(ours.map(({ Labels }) => `haversack-${Labels["haversack.cluster"]}`));
  for (const name of clusters)
    await engine
      .getNetwork(name)
      .remove()
      .catch(() => {});
}
