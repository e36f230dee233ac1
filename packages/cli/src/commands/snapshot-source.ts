/** A snapshot as a person names it: a file, a digest (sha256:…) or RUN/STEP. A file needs no coordinator. */

import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { FaultError, systemCodeOf } from "@haversack/base";
import { type HaversackClient, parseDigest, parseStepId } from "@haversack/protocol";
import type { InspectedPack, SnapshotLimits } from "@haversack/snapshot";
import { given } from "../options.ts";
import { findRun } from "../run-ref.ts";
import type { Shell } from "../shell.ts";

export interface SnapshotOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

/** A pack that was guarded, with its bytes. */
export interface ReadPack {
  readonly bytes: Uint8Array;
  readonly pack: InspectedPack;
}

export async function readPack(name: string, options: SnapshotOptions, shell: Shell): Promise<ReadPack> {
  const bytes = (await readIfFile(name, shell)) ?? (await fetchPack(name, options, shell));
  const { inspectPack } = await import("@haversack/snapshot");
  return { bytes, pack: inspectPack(bytes, await snapshotLimits(shell)) };
}

/** The bytes of a file that is not longer than a pack may be; undefined when there is no such file. */
export async function readIfFile(name: string, shell: Shell): Promise<Uint8Array | undefined> {
  const path = resolve(shell.outside.cwd, name);
  try {
    checkLength((await stat(path)).size, name, (await snapshotLimits(shell)).compressedBytesMax);
    return await readFile(path);
  } catch (error) {
    if (error instanceof FaultError) throw error;
    const code = systemCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new FaultError("invalid", "snapshot_file", `${path} cannot be read: ${code ?? "unknown"}`, {
      cause: error,
    });
  }
}

export function connect({ url, token, data }: SnapshotOptions, shell: Shell): Promise<HaversackClient> {
  return shell.connect(given({ url, token, data }));
}

export async function storedName(name: string, client: HaversackClient, { outside }: Shell): Promise<string> {
  const at = name.indexOf("/");
  if (at > 0) {
    const run = await findRun(client, name.slice(0, at), outside.stopping);
    return `${run.id}/${parseStepId(name.slice(at + 1))}`;
  }
  if (name.startsWith("sha256:")) return parseDigest(name);
  const what = "it is neither a file that exists, nor a digest (sha256:…), nor RUN/STEP";
  throw new FaultError("missing", "unknown_snapshot", `no snapshot ${JSON.stringify(name)}: ${what}`);
}

async function fetchPack(name: string, options: SnapshotOptions, shell: Shell): Promise<Uint8Array> {
  const client = await connect(options, shell);
  const max = (await snapshotLimits(shell)).compressedBytesMax;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of client.snapshot(await storedName(name, client, shell), shell.outside.stopping)) {
    length += chunk.length;
    checkLength(length, name, max);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Those of the environment, as for a coordinator or a worker that is started in it. */
export async function snapshotLimits({ outside }: Shell): Promise<SnapshotLimits> {
  const { limitsFromEnvironment } = await import("@haversack/snapshot");
  return limitsFromEnvironment(outside.env);
}

function checkLength(length: number, name: string, max: number): void {
  if (length <= max) return;
  throw new FaultError(
    "invalid",
    "snapshot_too_large",
    `${name} has more than ${max} bytes: it is no snapshot, or one over the limit`,
  );
}
