/** Removes what `retention.ts` says may go: every hour, and before each download. Never rejects. */

import { rm } from "node:fs/promises";
import { type Ms, messageOf, type Ports } from "@haversack/base";
import type { Digest } from "@haversack/protocol";
import type { Runtime, RuntimeInfo } from "../runtime/runtime.ts";
import type { Board } from "./board.ts";
import type { SpaceOf } from "./disk.ts";
import { isOver } from "./journal.ts";
import type { Leases } from "./leases.ts";
import { filesOf } from "./part-file.ts";
import { type Evictable, planFiles, planImages, storeEnoughAt, storeFullAt } from "./retention.ts";

export interface SweepParts {
  readonly ports: Ports;
  readonly runtime: Runtime;
  readonly board: Board;
  readonly leases: Leases;
  readonly folder: string;
  readonly isShared: boolean;
  readonly spaceOf: SpaceOf;
  readonly info: () => RuntimeInfo | undefined;
  /** The base image that is wanted, and the one before. */
  readonly wanted: () => ReadonlySet<Digest>;
}

export const sweepEveryMs: Ms = 3_600_000;
const removeMs: Ms = 60_000;

export async function sweep(parts: SweepParts, signal: AbortSignal): Promise<void> {
  const { board, ports, folder, isShared } = parts;
  try {
    const now = ports.clock.now();
    for (const path of planFiles(await filesOf(folder), board.all(), now, isShared))
      await rm(path, { force: true });
    for (const record of board.all())
      if (isOver(record, now) && !parts.wanted().has(record.image.digest)) board.forget(record.image.digest);
    await sweepEngine(parts, signal);
  } catch (error) {
    if (!signal.aborted) ports.log.warn({ error: messageOf(error) }, "images could not be cleaned up");
  }
}

async function sweepEngine(parts: SweepParts, signal: AbortSignal): Promise<void> {
  const { runtime, board } = parts;
  const info = parts.info();
  const records = board.all();
  if (info === undefined) return;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(removeMs)]);
  const stored = await runtime.listImages(limited);
  let isMaking = (await usedPart(parts, info)) > storeFullAt;
  for (const candidate of planImages({ records, stored, wanted: parts.wanted() })) {
    if (!candidate.retired && !isMaking) continue;
    await evict(parts, candidate, info.arch, limited);
    isMaking &&= (await usedPart(parts, info)) > storeEnoughAt;
  }
}

/** Of the file system that the engine keeps images on; unknown: nothing is too much. */
async function usedPart({ spaceOf }: SweepParts, { storeFolder }: RuntimeInfo): Promise<number> {
  if (storeFolder === undefined) return 0;
  const { freeBytes, totalBytes } = await spaceOf(storeFolder);
  return totalBytes === 0 ? 0 : 1 - freeBytes / totalBytes;
}

/** The right to remove it is taken and looked at without an await between: nobody can get a lease meanwhile. */
async function evict(parts: SweepParts, image: Evictable, arch: string, signal: AbortSignal): Promise<void> {
  const { leases, runtime, board, ports } = parts;
  const giveBack = leases.retire(image.digest ?? image.id);
  if (giveBack === undefined) return;
  try {
    await runtime.removeImage({ id: image.id, arch }, signal);
    if (image.digest !== undefined) {
      board.move(image.digest, "evicted");
      board.note(image.digest, { ours: false, retired: false });
    }
    ports.log.info({ image: image.digest ?? image.id }, "removed an image that nobody uses");
  } catch (error) {
    ports.log.info({ image: image.id, why: messageOf(error) }, "an image stays");
  } finally {
    giveBack();
  }
}
