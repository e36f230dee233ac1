/**
 * A backup of what a coordinator keeps, while it runs or not: one new folder that is whole or not there. Everything in it
 * is read back before the folder gets its name.
 *
 *   logs.db, haversack.db   each the state of one moment. Logs come first: then every attempt that they are of is in
 *                           the database too, and no number of an attempt is used again for logs that are not its own.
 *                           From PostgreSQL both are of the same moment, and the same tables
 *   blobs/                  those that the copy of the database names; they are written before they are named
 *   admin.token, …          only when asked for: whoever has them may do everything
 *   manifest.json           versions, counts, digests
 */

import { randomBytes } from "node:crypto";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FaultError, type Ports, readIfThere, syncFolder, writeDurably } from "@haversack/base";
import { version } from "../version.ts";
import { type BackupSource, sourceOf } from "./backup-source.ts";
import { type CopiedBlobs, copyBlobs } from "./copy-blobs.ts";
import { inspectDatabase } from "./copy-database.ts";
import { backupsFolder, blobsFolder, databaseFile, fileMoment, isThere, tokenFiles } from "./data-folder.ts";
import { describeFile, type Manifest, writeManifest } from "./manifest.ts";
import { namedIn } from "./named-blobs.ts";
import { trimLogs } from "./trim-logs.ts";

export interface BackupAsked {
  readonly dataDir: string;
  /** Address of the PostgreSQL database; the embedded one of the folder when left out. */
  readonly store?: string;
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
  const source = await sourceOf(asked.dataDir, asked.store);
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await mkdir(temporary, { mode: 0o700 });
  try {
    const { manifest, problems } = await fill({ folder: temporary, asked, source, now }, signal);
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
  readonly folder: string;
  readonly asked: BackupAsked;
  readonly source: BackupSource;
  readonly now: number;
}

async function fill(filling: Filling, signal: AbortSignal) {
  const { folder, asked, source, now } = filling;
  const { names, generation } = await source.copyTo(folder, signal);
  const isCurrent = trimLogs(folder, names);
  if (!isCurrent && asked.withoutBlobs !== true) throw olderSchema(asked.dataDir);
  const blobs = asked.withoutBlobs === true ? undefined : await blobsOf(filling, signal);
  const files = asked.withTokens === true ? await copyTokens(asked.dataDir, folder) : [];
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

async function blobsOf({ folder, asked, source }: Filling, signal: AbortSignal): Promise<CopiedBlobs> {
  const named = namedIn(join(folder, databaseFile));
  const from = join(asked.dataDir, blobsFolder);
  const copied = await copyBlobs(from, join(folder, blobsFolder), named, signal);
  // A run whose time had come may have been forgotten since, with its artifacts.
  const isNamed = await Promise.all(copied.problems.map(({ digest }) => source.isNamed(digest)));
  return { ...copied, problems: copied.problems.filter((_, index) => isNamed[index]) };
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
