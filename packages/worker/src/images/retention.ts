/** What is removed, and in which order: pure. Only what is ours, what nobody uses, and what nobody wants. */

import type { Digest } from "@haversack/protocol";
import type { StoredImage } from "../runtime/runtime.ts";
import type { ImageRecord } from "./image-record.ts";
import { isInFlight } from "./image-table.ts";
import { hexOf } from "./journal.ts";
import type { OldFile } from "./part-file.ts";

const partHours = 24;
const partMs = partHours * 3_600_000;
/** Above the first, images go until the second is reached. */
export const storeFullAt = 0.85;
export const storeEnoughAt = 0.8;

/** Files that are of no use any more. */
export function planFiles(
  files: readonly OldFile[],
  records: readonly ImageRecord[],
  now: number,
  isShared: boolean,
): readonly string[] {
  const byHex = new Map(records.map((record) => [hexOf(record.image.digest), record.status.state]));
  const isOld = ({ modifiedAt }: OldFile): boolean => now - modifiedAt > partMs;
  const isGone = (file: OldFile): boolean => {
    const state = byHex.get(file.hex);
    if (state !== undefined && isInFlight(state)) return false;
    // Others take it from here, or go on with it.
    if (isShared || file.kind !== "file") return isOld(file);
    return state === "ready" || isOld(file);
  };
  return files.filter(isGone).map(({ path }) => path);
}

export interface RetentionView {
  readonly records: readonly ImageRecord[];
  /** What the engine says is of our making. */
  readonly stored: readonly StoredImage[];
  /** The base image that is wanted, and the one before. */
  readonly wanted: ReadonlySet<Digest>;
}

/** An image that may go: by digest where there is a record of it. */
export interface Evictable {
  readonly digest?: Digest;
  readonly id: string;
  /** It goes even if there is room: it is no good. */
  readonly retired: boolean;
}

/** The one that was used longest ago comes first. Whether somebody uses it is asked when it is its turn. */
export function planImages({ records, stored, wanted }: RetentionView): readonly Evictable[] {
  const ids = new Map(stored.map((image) => [image.id, image]));
  const known = new Set(records.flatMap(({ image }) => [image.identity.id, image.identity.otherId]));
  const ours = records.filter(
    ({ status, ours, retired, image }) =>
      (retired || (status.state === "ready" && (ours || ids.has(image.identity.id)))) &&
      (retired || !wanted.has(image.digest)) &&
      ids.get(image.identity.id)?.inUse !== true,
  );
  const orphans = stored.filter(({ id, inUse }) => !known.has(id) && !inUse);
  const all = [
    ...ours.map(({ image, usedAt, retired }) => ({
      evictable: { digest: image.digest, id: image.identity.id, retired },
      usedAt,
    })),
    ...orphans.map(({ id, createdAt }) => ({ evictable: { id, retired: false }, usedAt: createdAt ?? 0 })),
  ];
  return all
    .toSorted((a, b) => Number(b.evictable.retired) - Number(a.evictable.retired) || a.usedAt - b.usedAt)
    .map(({ evictable }) => evictable);
}
