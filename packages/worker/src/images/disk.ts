/** Whether there is room: what is needed is summed for each file system, and some is always left for others. */

import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { RuntimeInfo } from "../runtime/runtime.ts";
import { FlightFault } from "./flight-fault.ts";

export interface Need {
  readonly folder: string;
  readonly bytes: number;
}

export interface Space {
  /** Names the file system. */
  readonly device: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export type SpaceOf = (folder: string) => Promise<Space>;

export const reserveBytes = 1024 ** 3;

/** Of the nearest folder above that is there. */
export const systemSpaceOf: SpaceOf = async (folder) => {
  const info = await stat(folder).catch(() => undefined);
  if (info === undefined && dirname(folder) !== folder) return await systemSpaceOf(dirname(folder));
  const { bavail, bsize, blocks } = await statfs(folder);
  return { device: String(info?.dev), freeBytes: bavail * bsize, totalBytes: blocks * bsize };
};

/** Rejects with `no_space`, which names the folder, what is needed and what is free. */
export async function checkRoom(needs: readonly Need[], spaceOf: SpaceOf, reserve: number): Promise<void> {
  const devices = new Map<string, { space: Space; bytes: number; folders: string[] }>();
  for (const { folder, bytes } of needs) {
    const space = await spaceOf(folder);
    const known = devices.get(space.device) ?? { space, bytes: 0, folders: [] };
    known.bytes += bytes;
    known.folders.push(folder);
    devices.set(space.device, known);
  }
  for (const { space, bytes, folders } of devices.values()) {
    if (space.freeBytes >= bytes + reserve) continue;
    const where = [...new Set(folders)].join(" and ");
    const numbers = `${megabytes(bytes + reserve)} (${megabytes(reserve)} of it stay free), and there are ${megabytes(space.freeBytes)}`;
    throw new FlightFault("no_space", `the file system of ${where} needs ${numbers}`);
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1_000_000)} MB`;

export interface ImageBytes {
  readonly size: number;
  readonly unpacked: number;
  /** What has to come yet into the folder of files. */
  readonly missing: number;
}

/** What an image takes in the folder of files, and at the engine while it loads it. */
export function needsOf(bytes: ImageBytes, info: RuntimeInfo, folder: string): readonly Need[] {
  const { store, temporary } = info.spaceToImport(bytes.size, bytes.unpacked);
  return [
    { folder, bytes: bytes.missing },
    ...(info.storeFolder === undefined ? [] : [{ folder: info.storeFolder, bytes: store }]),
    ...(info.temporaryFolder === undefined ? [] : [{ folder: info.temporaryFolder, bytes: temporary }]),
  ];
}
