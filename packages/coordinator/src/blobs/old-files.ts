/** The files of a blob store, from its folders: those that are old, and those that a crash left half-written. */

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Ms, systemCodeOf } from "@haversack/base";
import { type Digest, parseDigest } from "@haversack/protocol";

/** Files that are looked at, and blobs that are named, at a time. */
const batchMax = 500;

/** The digest was parsed: it holds hex digits only. */
export function blobPath(folder: string, digest: Digest): string {
  const hex = digest.slice("sha256:".length);
  return join(folder, hex.slice(0, 2), hex);
}

/** What an upload that was cut off left, for it to go on. */
export const partialPath = (folder: string, digest: Digest): string => `${blobPath(folder, digest)}.part`;

/** Blobs whose file is older; of the half-written ones the older are removed on the way. */
export async function* oldFiles(folder: string, before: Ms): AsyncIterable<readonly Digest[]> {
  for (const prefix of (await namesIn(folder)).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    const names = await namesIn(join(folder, prefix));
    for (let from = 0; from < names.length; from += batchMax) {
      const batch = names.slice(from, from + batchMax);
      const isOld = await Promise.all(batch.map((name) => isOlder(join(folder, prefix, name), before)));
      const old = batch.filter((_, index) => isOld[index]);
      for (const name of old.filter((each) => /^[0-9a-f]{64}\.(?:[0-9a-f]{12}\.tmp|part)$/.test(each))) {
        await rm(join(folder, prefix, name), { force: true });
      }
      const digests = old
        .filter((name) => /^[0-9a-f]{64}$/.test(name))
        .map((hex) => parseDigest(`sha256:${hex}`));
      if (digests.length > 0) yield digests;
    }
  }
}

async function isOlder(path: string, before: Ms): Promise<boolean> {
  try {
    return (await stat(path)).mtimeMs < before;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw error;
  }
}
