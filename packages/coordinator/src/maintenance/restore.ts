/**
 * Puts a backup into a data folder. What was there before is set aside, never deleted. The generation grows first, so
 * that whatever a worker still holds of the time after the backup is refused (P10, B1). A restore that was cut off leaves
 * a mark, and no coordinator starts on the folder until another restore has ended.
 */

import { copyFile, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  FaultError,
  openOwnedFolder,
  type Ports,
  readIfThere,
  syncFolder,
  writeDurably,
} from "@haversack/base";
import type { Generation } from "@haversack/protocol";
import { raiseGeneration } from "../store/generation.ts";
import { copyBlobs } from "./copy-blobs.ts";
import {
  backupsFolder,
  blobsFolder,
  companions,
  databaseFile,
  databaseFiles,
  fileMoment,
  isThere,
  movedFile,
  restoringFile,
} from "./data-folder.ts";
import type { Manifest } from "./manifest.ts";
import { namedIn } from "./named-blobs.ts";
import { refuseNewerSchema } from "./schema-versions.ts";
import { verifyBackup } from "./verify-backup.ts";

export interface RestoreAsked {
  readonly from: string;
  readonly dataDir: string;
  /** There may be a database already: it is set aside. */
  readonly replace?: boolean;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly generation: Generation;
  /** Where what was there before lies now. */
  readonly aside?: string;
}

/**
 * Rejects with FaultError `corrupt` or `missing` when the backup is not whole, `conflict` when it is of a later version
 * or something is there already, `unavailable` when a coordinator runs on the folder. Nothing has changed then.
 */
export async function restoreBackup(
  asked: RestoreAsked,
  ports: Ports,
  signal: AbortSignal,
): Promise<Restored> {
  const { from, dataDir } = asked;
  const manifest = await verifyBackup(from, signal);
  for (const { path, schema } of manifest.databases) refuseNewerSchema(join(from, path), path, schema);
  const folder = await openOwnedFolder(dataDir, "data folder");
  try {
    const isGoingOn = (await readIfThere(join(dataDir, restoringFile))) !== undefined;
    const before = await presentFiles(dataDir);
    if (before.length > 0 && asked.replace !== true && !isGoingOn) throw occupied(dataDir, before);
    return await putBack(asked, { manifest, before, now: ports.clock.now() }, signal);
  } finally {
    await folder.release();
  }
}

interface PuttingBack {
  readonly manifest: Manifest;
  /** What is there already. */
  readonly before: readonly string[];
  readonly now: number;
}

async function putBack(
  { from, dataDir }: RestoreAsked,
  { manifest, before, now }: PuttingBack,
  signal: AbortSignal,
): Promise<Restored> {
  // What takes long, and harms nobody: the copies under other names, and blobs, which are named by what they are.
  const fresh = (name: string): string => join(dataDir, `${name}.restored`);
  for (const { path } of manifest.databases) await copyDurably(join(from, path), fresh(path));
  if (manifest.blobs !== undefined) {
    const named = namedIn(join(from, databaseFile));
    await copyBlobs(join(from, blobsFolder), join(dataDir, blobsFolder), named, signal);
  }
  await writeDurably(join(dataDir, restoringFile), `${from}\n`);
  const generation = await raiseGeneration(dataDir, [manifest.generation]);
  const aside = before.length === 0 ? undefined : await setAside(dataDir, before, now);
  for (const { path } of manifest.databases) await rename(fresh(path), join(dataDir, path));
  for (const { path } of manifest.files) {
    // A token that is here is what workers and people have been given.
    if ((await readIfThere(join(dataDir, path))) === undefined)
      await copyDurably(join(from, path), join(dataDir, path));
  }
  await syncFolder(dataDir);
  // Whoever puts back the embedded database goes back to it.
  await rm(join(dataDir, movedFile), { force: true });
  await rm(join(dataDir, restoringFile));
  await syncFolder(dataDir);
  return { manifest, generation, ...(aside === undefined ? {} : { aside }) };
}

/** Databases with their companions: a journal that stayed would be played into the wrong database. */
async function presentFiles(dataDir: string): Promise<string[]> {
  const names = databaseFiles.flatMap((name) => [name, ...companions(name)]);
  const found = await Promise.all(names.map((name) => isThere(join(dataDir, name))));
  return names.filter((_, index) => found[index]);
}

async function setAside(dataDir: string, names: readonly string[], now: number): Promise<string> {
  const aside = join(dataDir, backupsFolder, `replaced-${fileMoment(now)}`);
  await mkdir(aside, { recursive: true, mode: 0o700 });
  for (const name of names) await rename(join(dataDir, name), join(aside, name));
  await syncFolder(aside);
  return aside;
}

async function copyDurably(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, "r+");
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
}

function occupied(dataDir: string, names: readonly string[]): FaultError {
  const message = `${dataDir} has ${names[0]} already; --replace sets what is there aside, into its folder ${backupsFolder}`;
  return new FaultError("conflict", "folder_occupied", message);
}
