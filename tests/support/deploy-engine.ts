/** Deploys on the container engines that tests run on, with images of their own. */

import { randomBytes } from "node:crypto";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@haversack/base";
import type { DeployWork, Digest } from "@haversack/protocol";
import type { Deploy } from "../../packages/worker/src/deploy/parts.ts";
import { openRuntime } from "../../packages/worker/src/runtime/open-runtime.ts";
import { deployOn, removeAll } from "../../packages/worker/src/testing/real-deploy.ts";
import { type ScriptedImages, scriptedImages } from "../../packages/worker/src/testing/scripted-images.ts";
import { type EngineKind, engineAddress } from "./container-engines.ts";
import { digestOf, loadBase, loadPlain, smallRecipe, stamp } from "./deploy-images.ts";

export type DeployEngine = EngineKind;

export interface EngineWorld extends AsyncDisposable {
  readonly runtime: Deploy["runtime"];
  readonly images: ScriptedImages;
  readonly data: string;
  readonly cluster: string;
  readonly notes: string[];
  readonly output: Buffer[];
  /** The base image is loaded now. @param arch another one than the engine's, where it must not be */
  addBase(arch?: string): Promise<void>;
  removeBase(): Promise<void>;
  work(more?: Partial<DeployWork>): DeployWork;
  deploy(work: DeployWork, more?: Partial<Deploy>): Promise<Deploy>;
  /** Such as `1 running`: names are for all of an engine, so each test has its own. */
  standing(): Promise<string[]>;
}

export const never = new AbortController().signal;

export interface WorldAsked {
  /** Of an earlier world, whose containers are to be found again. */
  readonly cluster?: string;
  readonly data?: string;
  /** `unix:///…` of an engine of one's own, or of a way to it; the one that tests share when left out. */
  readonly address?: string;
  /** What the recipe does first. */
  readonly before?: string;
}

/** In the end nothing that the test made is there any more. */
export async function openEngineWorld(engine: DeployEngine, asked: WorldAsked = {}): Promise<EngineWorld> {
  const socket = asked.address ?? engineAddress(engine);
  const runtime = await openRuntime({ engine, socket }, { clock: systemClock, env: {} });
  const info = await runtime.describe(never);
  const { arch, imageFile } = info;
  const data = asked.data ?? (await realpath(await mkdtemp(join(tmpdir(), "haversack-deploy-"))));
  const cluster = asked.cluster ?? randomBytes(6).toString("hex");
  const load = { runtime, folder: data, arch, imageFile, salt: cluster };
  const plain = await loadPlain(load);
  const recipe = smallRecipe(arch, plain, asked.before);
  const base = { stamp, recipe: recipe.digest, arches: new Map([[arch, {}]]) };
  const images = scriptedImages(() => plain);
  images.baseFor = () => ({ digest: digestOf(cluster), ref: "base", stamp, identity: { id: cluster, arch } });
  const [notes, output]: [string[], Buffer[]] = [[], []];
  const sockets = [socket.replace("unix://", "")];
  const parts = { runtime, info, images, dataFolder: data, workerId: `w-${cluster}`, sockets, notes, output };
  const loaded = [plain];
  const removeImage = (id: string): Promise<void> => runtime.removeImage({ id, arch }, never);
  return {
    ...parts,
    data,
    cluster,
    async addBase(other = arch) {
      images.imageId = await loadBase({ ...load, arch: other }, recipe.digest);
      loaded.push(images.imageId);
    },
    removeBase: async () => await removeImage(images.imageId ?? ""),
    work: (more = {}) => ({ ...plainWork, name: `t${cluster}`, cluster, base, recipe, ...more }),
    deploy: async (work, more = {}) => deployOn(parts, work, more),
    standing: async () =>
      (await runtime.list(cluster, never))
        .map(({ name, state }) => `${name.replace(`hv-t${cluster}-`, "")} ${state}`)
        .toSorted(),
    async [Symbol.asyncDispose]() {
      await removeAll(parts, cluster);
      for (const id of loaded) await removeImage(id).catch(() => {});
      await runtime.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Process 1 hears a signal only if it asks for it. @param before what it does first */
export function serve(before: string): string[] {
  const script = `trap 'exit 0' TERM; ${before}; echo ok > /tmp/index.html; httpd -f -p 8080 -h /tmp & wait`;
  return ["/bin/sh", "-c", script];
}

const plainWork = {
  kind: "deploy",
  revision: 1,
  spec: digestOf("1"),
  absent: false,
  removeVolumes: false,
  image: "base",
  command: serve(":"),
  env: new Map([["LEVEL", "debug"]]),
  ports: [8080],
  restart: "never",
  resources: {},
  volumes: [],
  startFirst: false,
  rollback: true,
  waitForImageMs: 0,
  restore: false,
  health: {
    probe: { kind: "http", path: "/index.html" },
    port: 8080,
    intervalMs: 200,
    timeoutMs: 2000,
    withinMs: 20_000,
  },
} as const satisfies Partial<DeployWork>;

export const specOf = (text: string): Digest => digestOf(text);
