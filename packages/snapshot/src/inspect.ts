/** What is in a pack, from its bytes alone: sizes and digest are computed, everything else is verified. */

import type { PackReport } from "./build/pack.ts";
import { reportOf } from "./build/report.ts";
import type { SnapshotContent } from "./format/content.ts";
import { digestName } from "./format/digest.ts";
import { guardUnnamed } from "./guard.ts";
import { defaultLimits, type SnapshotLimits } from "./limits.ts";

export interface InspectedPack extends PackReport {
  readonly formatVersion: number;
  /** `sha256:<hex>` */
  readonly name: string;
  readonly digest: Uint8Array;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  /** For a reader who asks for the bodies. */
  readonly content: SnapshotContent;
}

export function inspectPack(pack: Uint8Array, limits: SnapshotLimits = defaultLimits): InspectedPack {
  const { content, raw, digest } = guardUnnamed(pack.slice(), limits);
  return {
    ...reportOf(content),
    formatVersion: content.version,
    name: digestName(digest),
    digest,
    compressedSize: pack.length,
    uncompressedSize: raw.length,
    content,
  };
}
