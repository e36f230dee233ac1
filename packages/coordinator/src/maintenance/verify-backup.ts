/** Whether a backup is what its manifest says, byte by byte. */

import { basename, join } from "node:path";
import { FaultError } from "@haversack/base";
import { blobState } from "./copy-blobs.ts";
import { inspectDatabase } from "./copy-database.ts";
import { blobsFolder, databaseFile, databaseFiles } from "./data-folder.ts";
import { describeFile, type Manifest, readManifest } from "./manifest.ts";
import { namedIn } from "./named-blobs.ts";

/** Rejects with FaultError `corrupt` and the name of the file that is not what it was. */
export async function verifyBackup(folder: string, signal: AbortSignal): Promise<Manifest> {
  const manifest = await readManifest(folder);
  for (const expected of [...manifest.databases, ...manifest.files]) {
    signal.throwIfAborted();
    // A manifest may come from elsewhere: its names lead nowhere else.
    if (basename(expected.path) !== expected.path)
      throw damaged(folder, expected.path, "is no file of a backup");
    const found = await describeFile(folder, expected.path).catch((error: unknown) => {
      throw damaged(folder, expected.path, "cannot be read", error);
    });
    if (found.sha256 !== expected.sha256) throw damaged(folder, expected.path, "is not what was written");
  }
  for (const { path } of manifest.databases) {
    if (!databaseFiles.some((name) => name === path)) throw damaged(folder, path, "is no database of ours");
    inspectDatabase(join(folder, path));
  }
  if (!manifest.databases.some(({ path }) => path === databaseFile))
    throw damaged(folder, databaseFile, "is not in it");
  if (manifest.blobs !== undefined) await verifyBlobs(folder, manifest.blobs.count, signal);
  return manifest;
}

async function verifyBlobs(folder: string, count: number, signal: AbortSignal): Promise<void> {
  let whole = 0;
  for (const blob of namedIn(join(folder, databaseFile))) {
    signal.throwIfAborted();
    if ((await blobState(join(folder, blobsFolder), blob)) === "ok") whole += 1;
  }
  if (whole === count) return;
  throw damaged(folder, blobsFolder, `has ${whole} whole artifacts where ${count} were written`);
}

function damaged(folder: string, file: string, why: string, cause?: unknown): FaultError {
  const message = `${join(folder, file)} ${why}: use another backup`;
  return new FaultError("corrupt", "damaged_backup", message, { cause });
}
