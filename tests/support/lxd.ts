/** Small images for LXD, and what a test needs of one that runs. */

import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemClock } from "@haversack/base";
import { openLxd } from "../../packages/worker/src/runtime/lxd/lxd-runtime.ts";
import type { ImageIdentity, Runtime } from "../../packages/worker/src/runtime/runtime.ts";
import { engineAddress } from "./container-engines.ts";
import { lxdImage } from "./lxd-image.ts";
import { tempFolder } from "./temp-folder.ts";
import { busyboxEntries } from "./test-images.ts";

type Spec = Parameters<Runtime["create"]>[0];

export interface LxdWorld extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly folder: string;
  /** Of the label `haversack.cluster`. */
  readonly cluster: string;
  /** A file that no engine has seen. */
  image(details?: Omit<LxdImageDetails, "salt">): Promise<LxdImageFile>;
  /** A container of an image that is imported now. */
  spec(changes?: Partial<Spec>): Promise<Spec>;
}

export const never = new AbortController().signal;
export const ignore = (): void => {};

/** A runtime for one test. In the end nothing that the test made is there any more. */
export async function openLxdWorld(): Promise<LxdWorld> {
  const temp = await tempFolder("lxd");
  const runtime = openLxd(engineAddress("lxd"), systemClock);
  const cluster = randomBytes(6).toString("hex");
  const images: ImageIdentity[] = [];
  const image = async (details: Omit<LxdImageDetails, "salt"> = {}): Promise<LxdImageFile> => {
    const salt = `${cluster}-${images.length}`;
    const made = await writeLxdImage(join(temp.path, `${salt}.tar.gz`), { ...details, salt });
    images.push({ id: made.fingerprint, arch: "x64" });
    return made;
  };
  return {
    runtime,
    folder: temp.path,
    cluster,
    image,
    async spec(changes = {}) {
      const { file, fingerprint } = await image();
      await runtime.importImage(file, { id: fingerprint, arch: "x64" }, ignore, never);
      return { ...plainSpec(`hv-${cluster}-1`, fingerprint, cluster), ...changes };
    },
    async [Symbol.asyncDispose]() {
      for (const { id } of await runtime.list(cluster, never)) await runtime.remove(id, never);
      for (const each of images) await runtime.removeImage(each, never);
      await runtime.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}

function plainSpec(name: string, image: string, cluster: string): Spec {
  return {
    name,
    image,
    arch: "x64",
    labels: new Map([["haversack.cluster", cluster]]),
    env: new Map(),
    user: "10001:10001",
    ports: [],
    mounts: [],
    tmpfs: new Map([["/tmp", 1 << 20]]),
    readOnlyRoot: true,
    capabilities: [],
    limits: { cpuMillis: 500, memoryBytes: 64 << 20, pids: 64 },
    restart: "never",
    network: "none",
  };
}

export interface LxdImageDetails {
  readonly arch?: string;
  readonly stamp?: string;
  /** Random bytes beside the programs. */
  readonly ballastBytes?: number;
  /** What no image had before, so that each test has an image of its own. */
  readonly salt: string;
}

export interface LxdImageFile {
  readonly file: string;
  readonly fingerprint: string;
  readonly size: number;
}

const agent = `#!/bin/sh
echo "agent up $*"
trap "echo bye; exit 0" TERM
while :; do sleep 0.1; done
`;

/** Its `/sbin/init` says its arguments and ends on SIGTERM. */
async function writeLxdImage(
  file: string,
  { arch = "x64", stamp, salt, ballastBytes = 0 }: LxdImageDetails,
): Promise<LxdImageFile> {
  const entries = [
    ...busyboxEntries(),
    { name: "sbin/init", data: agent },
    { name: "srv/" },
    { name: "srv/ballast", mode: 0o644, data: randomBytes(ballastBytes) },
  ];
  const bytes = lxdImage(entries, { arch, salt, ...(stamp !== undefined && { stamp }) });
  await writeFile(file, bytes);
  return { file, size: bytes.length, fingerprint: createHash("sha256").update(bytes).digest("hex") };
}

/** A port of this host that is taken. */
export async function listening(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  const up = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", up.resolve);
  await up.promise;
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      const down = Promise.withResolvers<void>();
      server.close(() => down.resolve());
      await down.promise;
    },
  };
}
