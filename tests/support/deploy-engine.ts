/**
 * Deploys on the engine that `TEST_DOCKER_HOST` or `TEST_PODMAN_HOST` names, with images of a static busybox: a plain one
 * that the build path starts from, and a base image that a small recipe would have made of it.
 */

import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock } from "@haversack/base";
import type { BaseImage, DeployWork, Digest, ImageRecipe } from "@haversack/protocol";
import { readLabels } from "../../packages/worker/src/deploy/labels.ts";
import type { Deploy } from "../../packages/worker/src/deploy/parts.ts";
import { timePhases } from "../../packages/worker/src/deploy/phases.ts";
import { secretFiles } from "../../packages/worker/src/deploy/secret-files.ts";
import type { WantedImage } from "../../packages/worker/src/images/images.ts";
import { openRuntime } from "../../packages/worker/src/runtime/open-runtime.ts";
import type { Runtime } from "../../packages/worker/src/runtime/runtime.ts";
import { type ScriptedImages, scriptedImages } from "../../packages/worker/src/testing/scripted-images.ts";
import { engineAddress } from "./container-engines.ts";
import { fakeRandom } from "./fake-clock.ts";
import { imageShelf } from "./image-shelf.ts";
import { tarArchive } from "./tar-archive.ts";
import { busyboxLayer } from "./test-images.ts";

export type DeployEngine = "docker" | "podman";

const stamp = "2026.11.1";
/** What both paths put in: it waits for its secrets, as the real one does. */
const init = `#!/bin/sh
if [ "$HAVERSACK_WAIT" = start ]; then until [ -e /run/haversack/start ]; do sleep 0.05; done; fi
exec "$@"
`;

/** Without network. @param before what it does first */
export function smallRecipe(arch: string, fallbackImage: string, before = ":"): ImageRecipe {
  const script = new TextEncoder().encode(`set -e
${before}
echo haversack phase check
mkdir -p /opt/haversack/bin
cat > /opt/haversack/bin/init <<'INIT'
${init}INIT
chmod 755 /opt/haversack/bin/init
digest=$(/bin/busybox sha256sum "$0" | /bin/busybox cut -d' ' -f1)
echo '{"format":"haversack-base","version":1,"stamp":"${stamp}","recipe":"sha256:'$digest'","arch":"${arch}","versions":{}}' > /etc/haversack-base.json
`);
  return { digest: digestOf(script), script, fallbackImage };
}

const digestOf = (bytes: Uint8Array | string): Digest =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;

export interface EngineWorld extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly images: ScriptedImages;
  readonly data: string;
  readonly cluster: string;
  readonly notes: string[];
  readonly output: Buffer[];
  /** The base image is loaded now. */
  addBase(): Promise<void>;
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
  /** What the recipe does first. */
  readonly before?: string;
}

/** In the end nothing that the test made is there any more. */
export async function openEngineWorld(engine: DeployEngine, asked: WorldAsked = {}): Promise<EngineWorld> {
  const socket = engineAddress(engine);
  const runtime = await openRuntime({ engine, socket }, { clock: systemClock, env: {} });
  const info = await runtime.describe(never);
  const data = asked.data ?? (await realpath(await mkdtemp(join(tmpdir(), "haversack-deploy-"))));
  const cluster = asked.cluster ?? randomBytes(6).toString("hex");
  const plain = await load(runtime, data, info.arch, [busyboxLayer(), saltLayer(cluster)]);
  const recipe = smallRecipe(info.arch, plain, asked.before);
  const base: BaseImage = { stamp, recipe: recipe.digest, arches: new Map([[info.arch, {}]]) };
  let baseId: string | undefined;
  const images = scriptedImages(() => plain);
  const wanted: WantedImage = {
    digest: digestOf(cluster),
    ref: "base",
    stamp,
    identity: { id: cluster, arch: info.arch, stamp },
  };
  images.baseFor = () => wanted;
  const files = secretFiles();
  const notes: string[] = [];
  const output: Buffer[] = [];
  return {
    runtime,
    images,
    data,
    cluster,
    notes,
    output,
    async addBase() {
      // Not on top of the plain one: with an image, Podman removes those below it that have no name.
      const layers = [busyboxLayer(), baseLayer(info.arch, recipe.digest), saltLayer(cluster)];
      baseId = await load(runtime, data, info.arch, layers, true);
      images.imageId = baseId;
    },
    removeBase: async () => await runtime.removeImage({ id: baseId ?? "", arch: info.arch }, never),
    work: (more = {}) => ({ ...plainWork, name: `t${cluster}`, cluster, base, recipe, ...more }),
    deploy: async (work, more = {}) => ({
      ports: { clock: systemClock, random: fakeRandom(), log: silentLog },
      settings: {
        engine,
        publishAddress: "127.0.0.1",
        bounds: { cpuMillis: 500, memoryBytes: 64 * 1024 ** 2, pids: 64 },
      },
      workerId: `w-${cluster}`,
      dataFolder: data,
      secretFiles: files,
      recipeEnv: new Map(),
      sockets: [socket.replace("unix://", "")],
      runtime,
      info,
      images,
      work,
      attempt: "run/step.1",
      secrets: new Map(),
      packFile: undefined,
      phases: timePhases(systemClock),
      note: (text) => void notes.push(text),
      output: (bytes) => void output.push(Buffer.from(bytes)),
      signal: never,
      ...more,
    }),
    standing: async () =>
      (await runtime.list(cluster, never))
        .map(({ name, state }) => `${name.replace(`hv-t${cluster}-`, "")} ${state}`)
        .toSorted(),
    async [Symbol.asyncDispose]() {
      for (const view of await runtime.list(cluster, never)) {
        const found = readLabels(view);
        await runtime.remove(view.id, never);
        if (found !== undefined) await files.remove(found);
      }
      for (const id of [baseId, plain])
        if (id !== undefined) await runtime.removeImage({ id, arch: info.arch }, never).catch(() => {});
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

/** So that no two tests share an image. */
const saltLayer = (salt: string): Buffer => tarArchive([{ name: "etc/salt", mode: 0o644, data: salt }]);

function baseLayer(arch: string, recipe: Digest): Buffer {
  const proof = { format: "haversack-base", version: 1, stamp, recipe, arch, versions: {} };
  return tarArchive([
    { name: "opt/" },
    { name: "opt/haversack/" },
    { name: "opt/haversack/bin/" },
    { name: "opt/haversack/bin/init", data: init },
    { name: "etc/haversack-base.json", mode: 0o644, data: JSON.stringify(proof) },
  ]);
}

/** @returns its id */
// oxlint-disable-next-line max-params -- one image
async function load(
  runtime: Runtime,
  folder: string,
  arch: string,
  layers: readonly Buffer[],
  isBase = false,
): Promise<string> {
  const shelf = imageShelf();
  const image = shelf.image(layers, {
    arch: arch === "arm64" ? "arm64" : "amd64",
    ...(isBase && { entrypoint: ["/opt/haversack/bin/init"], labels: { "haversack.stamp": stamp } }),
  });
  const file = join(folder, `${image.digest.slice(7, 19)}.tar`);
  await writeFile(file, shelf.archive(image));
  const identity = { id: image.config.digest, otherId: image.digest, arch };
  await runtime.importImage(file, identity, () => {}, never);
  await rm(file);
  const found = await runtime.inspectImage(identity, never);
  if (found.kind !== "present") throw new Error(`the image was not loaded: ${found.kind}`);
  return found.id;
}
