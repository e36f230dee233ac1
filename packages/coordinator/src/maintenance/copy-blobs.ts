/** Copies of artifacts, each verified by the digest that is its name. */

import { createHash, randomBytes } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { syncFolder, systemCodeOf } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import { blobPath } from "../blobs/old-files.ts";

export interface NamedBlob {
  readonly digest: Digest;
  readonly size: number;
}

export type BlobState = "ok" | "missing" | "damaged";

export interface CopiedBlobs {
  readonly count: number;
  readonly bytes: number;
  /** Those that could not be copied. */
  readonly problems: readonly { readonly digest: Digest; readonly state: BlobState }[];
}

/** Copies what is not there yet; on disk when this resolves. */
export async function copyBlobs(
  from: string,
  to: string,
  blobs: Iterable<NamedBlob>,
  signal: AbortSignal,
): Promise<CopiedBlobs> {
  const problems: { digest: Digest; state: BlobState }[] = [];
  const folders = new Set([to]);
  await mkdir(to, { recursive: true, mode: 0o700 });
  let count = 0;
  let bytes = 0;
  for (const blob of blobs) {
    signal.throwIfAborted();
    const target = blobPath(to, blob.digest);
    folders.add(dirname(target));
    const state = await copyOne(blobPath(from, blob.digest), target, blob);
    if (state === "ok") {
      count += 1;
      bytes += blob.size;
    } else problems.push({ digest: blob.digest, state });
  }
  for (const folder of folders) await syncFolder(folder);
  return { count, bytes, problems };
}

/** Whether the file is whole and is what its name says. */
export async function blobState(folder: string, blob: NamedBlob): Promise<BlobState> {
  return await stateOf(blobPath(folder, blob.digest), blob);
}

async function copyOne(source: string, target: string, blob: NamedBlob): Promise<BlobState> {
  if ((await stateOf(target, blob)) === "ok") return "ok";
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  // As the blob store calls its own halves: what a crash leaves is collected like theirs.
  const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE);
    const state = await stateOf(temporary, blob);
    if (state !== "ok") return state;
    const file = await open(temporary, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    return "ok";
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return "missing";
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function stateOf(path: string, { digest, size }: NamedBlob): Promise<BlobState> {
  try {
    if ((await stat(path)).size !== size) return "damaged";
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    return `sha256:${hash.digest("hex")}` === digest ? "ok" : "damaged";
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return "missing";
    throw error;
  }
}
