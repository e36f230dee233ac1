/**
 * A backup of a data folder, while its coordinator runs or not: one new folder that is whole or not there. Everything
 * in it is read back before the folder gets its name.
 *
 *   logs.db, haversack.db   each the state of one moment. Logs come first: then every attempt that they are of is in
 *                           the database too, and no number of an attempt is used again for logs that are not its own
 *   blobs/                  those that the copy of the database names; they are written before they are named
 *   admin.token, …          only when asked for: whoever has them may do everything
 *   manifest.json           versions, counts, digests
 */

import { randomBytes } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FaultError, type Ports, readIfThere, syncFolder, writeDurably } from "@haversack/base";
import { generationIfThere } from "../store/generation.ts";
import { version } from "../version.ts";
import { type CopiedBlobs, copyBlobs } from "./copy-blobs.ts";
import { copyDatabase, inspectDatabase } from "./copy-database.ts";
import {
  backupsFolder,
  blobsFolder,
  databaseFile,
  databaseFiles,
  fileMoment,
  isThere,
  tokenFiles,
} from "./data-folder.ts";
import { describeFile, type Manifest, writeManifest } from "./manifest.ts";
import { isNamedIn, namedIn } from "./named-blobs.ts";
import { trimLogs } from "./trim-logs.ts";

export interface BackupAsked {
  readonly dataDir: string;
  /** A folder that is not there yet; one in `backups` of the data folder when left out. */
  readonly to?: string;
  readonly withTokens?: boolean;
  /** The databases alone: artifacts stay where they are. */
  readonly withoutBlobs?: boolean;
}

export interface Backup {
  readonly path: string;
  readonly manifest: Manifest;
  /** Artifacts that the database names and that are not there, or not what they should be. */
  readonly problems: CopiedBlobs["problems"];
}

/** Rejects with FaultError `missing` when there is nothing to back up, `conflict` when the target is there already. */
export async function backUp(asked: BackupAsked, ports: Ports, signal: AbortSignal): Promise<Backup> {
  const now = ports.clock.now();
  const path = resolve(asked.to ?? join(asked.dataDir, backupsFolder, fileMoment(now)));
  await refuseExisting(path);
  const names = await databasesIn(asked.dataDir);
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await mkdir(temporary, { mode: 0o700 });
  try {
    const { manifest, problems } = await fill(temporary, asked, { names, now }, signal);
    await refuseExisting(path);
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return { path, manifest, problems };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

interface Filling {
  /** The databases that are there. */
  readonly names: readonly string[];
  readonly now: number;
}

async function fill(folder: string, asked: BackupAsked, { names, now }: Filling, signal: AbortSignal) {
  const { dataDir } = asked;
  const generation = await generationIfThere(dataDir);
  for (const name of names) {
    await copyDatabase(join(dataDir, name), join(folder, name));
    signal.throwIfAborted();
  }
  const isCurrent = trimLogs(folder, names);
  if (!isCurrent && asked.withoutBlobs !== true) throw olderSchema(dataDir);
  const blobs = asked.withoutBlobs === true ? undefined : await blobsOf(folder, dataDir, signal);
  const files = asked.withTokens === true ? await copyTokens(dataDir, folder) : [];
  const databases: Manifest["databases"] = [];
  for (const name of names) {
    const content = inspectDatabase(join(folder, name));
    databases.push({ ...(await describeFile(folder, name)), ...content });
  }
  await syncFolder(folder);
  const manifest = await writeManifest(folder, {
    madeAt: new Date(now).toISOString(),
    madeBy: version,
    ...(generation === undefined ? {} : { generation }),
    databases,
    ...(blobs === undefined ? {} : { blobs: { count: blobs.count, bytes: blobs.bytes } }),
    files,
  });
  return { manifest, problems: blobs?.problems ?? [] };
}

async function blobsOf(folder: string, dataDir: string, signal: AbortSignal): Promise<CopiedBlobs> {
  const named = namedIn(join(folder, databaseFile));
  const copied = await copyBlobs(join(dataDir, blobsFolder), join(folder, blobsFolder), named, signal);
  // A run whose time had come may have been forgotten since, with its artifacts.
  const live = join(dataDir, databaseFile);
  return { ...copied, problems: copied.problems.filter(({ digest }) => isNamedIn(live, digest)) };
}

/** Whoever has lost the logs alone can still save the rest. */
async function databasesIn(dataDir: string): Promise<string[]> {
  const found = await Promise.all(databaseFiles.map((name) => isThere(join(dataDir, name))));
  const names = databaseFiles.filter((_, index) => found[index]);
  if (names.includes(databaseFile)) return names;
  const message = `${dataDir} has no ${databaseFile}, so there is nothing to back up: name a coordinator's data folder with --data DIR`;
  throw new FaultError("missing", "no_database", message);
}

async function copyTokens(from: string, to: string): Promise<Manifest["files"]> {
  const files: Manifest["files"] = [];
  for (const name of tokenFiles) {
    const token = await readIfThere(join(from, name));
    if (token === undefined) continue;
    await writeDurably(join(to, name), token, 0o600);
    files.push(await describeFile(to, name));
  }
  return files;
}

/** What it names is told by statements of this version. */
function olderSchema(dataDir: string): FaultError {
  const message = `the databases of ${dataDir} have an older schema: use the version that made them, or haversack store migrate, or --no-blobs`;
  return new FaultError("conflict", "older_schema", message);
}

async function refuseExisting(path: string): Promise<void> {
  if (!(await isThere(path))) return;
  const message = `${path} is there already; a backup goes into a new folder: name another`;
  throw new FaultError("conflict", "backup_exists", message);
}
