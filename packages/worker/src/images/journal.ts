/**
 * The records of images on the disk, one file for each digest, whole or not there. What is read at start is taken as
 * where a worker that was killed stood: what was under way is queued again, and nothing is guessed.
 */

import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere, writeDurably } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import { decodeRecord, encodeRecord, type ImageRecord } from "./image-record.ts";
import { imageAtStart } from "./image-table.ts";

/** What came to an end is of no interest after so long. */
const recordDays = 14;
const keptMs = recordDays * 24 * 3_600_000;
const ended: ReadonlySet<string> = new Set(["failed", "cancelled", "absent", "disabled", "unsupported"]);

export class Journal {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Also removes what a crash left half-written, what is too old, and what cannot be understood. */
  async load(now: number): Promise<readonly ImageRecord[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const records: ImageRecord[] = [];
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      if (/\.json\.[0-9a-f]+\.tmp$/.test(name)) await rm(path, { force: true });
      if (!/^[0-9a-f]{64}\.json$/.test(name)) continue;
      const record = decodeRecord(String((await readIfThere(path)) ?? ""));
      if (record !== undefined && nameOf(record.image.digest) === name && !isOver(record, now))
        records.push(asAtStart(record));
      else await rm(path, { force: true });
    }
    return records;
  }

  /** After this resolves it survives a power cut. */
  async write(record: ImageRecord): Promise<void> {
    await writeDurably(join(this.#folder, nameOf(record.image.digest)), encodeRecord(record));
  }

  async remove(digest: Digest): Promise<void> {
    await rm(join(this.#folder, nameOf(digest)), { force: true });
  }
}

/** The 64 digits, by which files are named. */
export const hexOf = (digest: Digest): string => digest.slice("sha256:".length);
const nameOf = (digest: Digest): string => `${hexOf(digest)}.json`;

export const isOver = ({ status }: ImageRecord, now: number): boolean =>
  ended.has(status.state) && now - status.since > keptMs;

function asAtStart(record: ImageRecord): ImageRecord {
  const state = imageAtStart(record.status.state);
  // Credentials may have changed meanwhile: they are read at start.
  if (state === "failed" && record.status.failure?.code === "auth") {
    const { pausedUntil: _, ...rest } = record;
    return rest;
  }
  return { ...record, status: { ...record.status, state } };
}
