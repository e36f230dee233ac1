/** What a backup says about itself, in `manifest.json`: written last, and checked before anything is put back. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { FaultError, messageOf, readIfThere, writeDurably } from "@haversack/base";
import { z } from "zod";

export const manifestName = "manifest.json";
/** What this version writes, and the only one that it reads. */
const formatVersion = 1;

const file = z.object({ path: z.string(), size: z.int().nonnegative(), sha256: z.string() });

const schema = z.object({
  format: z.literal("haversack-backup"),
  formatVersion: z.int(),
  madeAt: z.iso.datetime(),
  /** The version of Haversack that made it. */
  madeBy: z.string(),
  /** Which life of the database it is a copy of. */
  generation: z.string().optional(),
  databases: z.array(file.extend({ schema: z.int(), counts: z.record(z.string(), z.int()) })),
  /** Absent: the backup is of the databases alone. */
  blobs: z.object({ count: z.int(), bytes: z.int() }).optional(),
  /** Everything else that is in it, such as tokens. */
  files: z.array(file),
});

export type Manifest = z.infer<typeof schema>;
export type BackupFile = z.infer<typeof file>;

export async function writeManifest(
  folder: string,
  manifest: Omit<Manifest, "format" | "formatVersion">,
): Promise<Manifest> {
  const whole: Manifest = { format: "haversack-backup", formatVersion, ...manifest };
  await writeDurably(join(folder, manifestName), `${JSON.stringify(whole, undefined, 2)}\n`);
  return whole;
}

/** Rejects with FaultError `missing` when the folder is no backup, `corrupt` or `conflict` when it cannot be read. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, manifestName);
  const text = (await readIfThere(path))?.toString("utf8");
  if (text === undefined) {
    const message = `${folder} is no backup: it has no ${manifestName}; a backup is a folder made by haversack store backup`;
    throw new FaultError("missing", "no_backup", message);
  }
  const found = parse(text, path);
  const version = z.object({ formatVersion: z.int() }).safeParse(found);
  if (version.success && version.data.formatVersion > formatVersion) {
    const message = `${path} has format ${version.data.formatVersion}, this version reads ${formatVersion}: use the version that made it, or a later one`;
    throw new FaultError("conflict", "newer_backup", message);
  }
  const manifest = schema.safeParse(found);
  if (manifest.success) return manifest.data;
  throw damaged(path, z.prettifyError(manifest.error));
}

export async function describeFile(folder: string, path: string): Promise<BackupFile> {
  const hash = createHash("sha256");
  let size = 0;
  await pipeline(createReadStream(join(folder, path)), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
    }
  });
  return { path, size, sha256: hash.digest("hex") };
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(path, messageOf(error));
  }
}

const damaged = (path: string, why: string): FaultError =>
  new FaultError("corrupt", "bad_manifest", `${path} is damaged: ${why}`);
