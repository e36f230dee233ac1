/**
 * The LXD that `TEST_LXD_SOCKET` names, and small images for it. Without it these tests are skipped, which the output says;
 * where everything has to be tested (`CI=true`), that is a failure.
 */

import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { systemClock } from "@haversack/base";
import { describe } from "vitest";
import { openLxd } from "../../packages/worker/src/runtime/lxd/lxd-runtime.ts";
import type { ContainerSpec, ImageIdentity, Runtime } from "../../packages/worker/src/runtime/runtime.ts";
import { tarArchive } from "./tar-archive.ts";
import { tempFolder } from "./temp-folder.ts";
import { busyboxEntries } from "./test-images.ts";

const given = process.env["TEST_LXD_SOCKET"] ?? "";

/** The tests of `body`, where there is an LXD. */
export function withLxd(name: string, body: () => void): void {
  const isSkipped = given === "" && process.env["CI"] !== "true";
  const told = "skipped: set TEST_LXD_SOCKET=/PATH/TO/unix.socket to run it on LXD or Incus";
  describe.skipIf(isSkipped)(isSkipped ? `${name} (${told})` : name, () => {
    body();
  });
}

export function lxdSocket(): string {
  if (given === "") throw new Error("TEST_LXD_SOCKET is not set: with CI=true every engine has to be tested");
  return given;
}

export interface LxdWorld extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly folder: string;
  /** Of the label `haversack.cluster`. */
  readonly cluster: string;
  /** A file that no engine has seen. */
  image(details?: Omit<LxdImageDetails, "salt">): Promise<LxdImageFile>;
  /** A container of an image that is imported now. */
  spec(changes?: Partial<ContainerSpec>): Promise<ContainerSpec>;
}

export const never = new AbortController().signal;
export const ignore = (): void => {};

/** A runtime for one test. In the end nothing that the test made is there any more. */
export async function openLxdWorld(): Promise<LxdWorld> {
  const temp = await tempFolder("lxd");
  const runtime = openLxd(lxdSocket(), systemClock);
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

function plainSpec(name: string, image: string, cluster: string): ContainerSpec {
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
  /** In the engine's words. */
  readonly architecture?: string;
  readonly stamp?: string;
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
  { architecture = "x86_64", stamp, salt }: LxdImageDetails,
): Promise<LxdImageFile> {
  const properties = JSON.stringify({ salt, ...(stamp === undefined ? {} : { "haversack.stamp": stamp }) });
  const metadata = `architecture: ${architecture}\ncreation_date: 1700000000\nproperties: ${properties}\n`;
  const inside = [
    ...["", "proc/", "sys/", "dev/", "sbin/"].map((name) => ({ name })),
    ...busyboxEntries(),
    { name: "sbin/init", data: agent },
  ];
  const bytes = gzipSync(
    tarArchive([
      { name: "metadata.yaml", mode: 0o644, data: metadata },
      ...inside.map((entry) => ({ ...entry, name: `rootfs/${entry.name}` })),
    ]),
    { level: 1 },
  );
  await writeFile(file, bytes);
  return { file, size: bytes.length, fingerprint: createHash("sha256").update(bytes).digest("hex") };
}
