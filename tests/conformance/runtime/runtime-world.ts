/** What the promises of a container engine are tried out in: one engine, images that it does not know, and what it leaves. */

import { afterAll, beforeAll, expect } from "vitest";
import type { ContainerSpec, ContainerView } from "../../../packages/worker/src/runtime/container.ts";
import type { ImageIdentity, Runtime } from "../../../packages/worker/src/runtime/runtime.ts";

export interface ImageFile {
  readonly identity: ImageIdentity;
  readonly file: string;
}

interface ShelfOptions {
  readonly arch?: "x64" | "arm64";
  readonly stamp?: string;
  /** Random bytes beside the programs. */
  readonly ballastBytes?: number;
}

export interface RuntimeWorld extends AsyncDisposable {
  readonly runtime: Runtime;
  /** Of this world only; every container of a test belongs to it. */
  readonly cluster: string;
  /** Programs really run in its containers. */
  readonly runs: boolean;
  /** A file of an image that the engine has not seen: a shell, and busybox. */
  shelve(options?: ShelfOptions): Promise<ImageFile>;
  /** The same, whose engine is not there. */
  readonly gone: Runtime;
}

/** Beside it, `arch` is that of the machine: its programs run. */
export const hostArch = process.arch === "arm64" ? "arm64" : "x64";

export const never = new AbortController().signal;

/** As it would be deployed: everything dropped, everything bounded. */
export function containerSpec(
  world: RuntimeWorld,
  image: ImageIdentity,
  change: Partial<ContainerSpec> = {},
): ContainerSpec {
  return {
    name: `hv-${world.cluster}-1`,
    image: image.id,
    arch: image.arch,
    labels: new Map([
      ["haversack.cluster", world.cluster],
      ["haversack.deployment", "web"],
    ]),
    entrypoint: ["/bin/sh", "-c", waitForTerm],
    env: new Map([["HAVERSACK_TEST", world.cluster]]),
    user: "10001:10001",
    ports: [],
    mounts: [],
    tmpfs: new Map([["/tmp", 4_000_000]]),
    readOnlyRoot: true,
    capabilities: [],
    limits: { cpuMillis: 500, memoryBytes: 64 * 1024 * 1024, pids: 40 },
    restart: "never",
    network: "none",
    ...change,
  };
}

export const waitForTerm = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done";

export interface Launched extends AsyncDisposable {
  readonly id: string;
  view(): Promise<ContainerView>;
}

/** One image for the tests of a block, gone when they are. */
export function sharedImage(the: () => RuntimeWorld): () => ImageIdentity {
  let image: ImageIdentity | undefined;
  beforeAll(async () => {
    const { file, identity } = await the().shelve();
    image = identity;
    await the().runtime.importImage(file, identity, () => {}, never);
  });
  afterAll(async () => {
    if (image !== undefined) await the().runtime.removeImage(image, never);
  });
  return () => {
    if (image === undefined) throw new Error("there is no image before the first test");
    return image;
  };
}

/** Created, and gone when the test is. */
export async function made(world: RuntimeWorld, spec: ContainerSpec): Promise<Launched> {
  const { runtime } = world;
  const { id } = await runtime.create(spec, never);
  return {
    id,
    async view() {
      const view = await runtime.inspect(id, never);
      if (view === undefined) throw new Error(`container ${spec.name} is gone`);
      return view;
    },
    [Symbol.asyncDispose]: () => runtime.remove(id, never),
  };
}

export async function launched(world: RuntimeWorld, spec: ContainerSpec): Promise<Launched> {
  const container = await made(world, spec);
  await world.runtime.start(container.id, never);
  return container;
}

/** Looks again until it ends. */
export async function ended(world: RuntimeWorld, { id }: Launched): Promise<ContainerView> {
  for await (const _ of world.runtime.logs(id, { follow: true }, never));
  await expect.poll(async () => (await world.runtime.inspect(id, never))?.state).toBe("exited");
  return (await world.runtime.inspect(id, never)) as ContainerView;
}

/** What a view says of how a container ended, where its engine tells. */
export async function exitCode(
  world: RuntimeWorld,
  expected: number,
): Promise<{ readonly exitCode?: number }> {
  return (await world.runtime.describe(never)).exitCodes ? { exitCode: expected } : {};
}
