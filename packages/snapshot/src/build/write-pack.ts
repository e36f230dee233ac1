/** Encodes, checks the limits, reads back through the guard and compares. A pack that left here can be read. */

import { invariant } from "@haversack/base";
import { SnapshotError } from "../errors.ts";
import { canonicalJson } from "../format/canonical-json.ts";
import type { SnapshotContent } from "../format/content.ts";
import { digestName, sha256 } from "../format/digest.ts";
import { gzip } from "../format/gzip.ts";
import { checkContent } from "../format/order.ts";
import { bytes, checkContentLimits, sizeTable } from "../format/sizes.ts";
import { formatVersion } from "../format/version.ts";
import { guardSnapshot } from "../guard.ts";
import type { SnapshotLimits } from "../limits.ts";
import type { Pack } from "./pack.ts";
import { reportOf } from "./report.ts";

export interface WriteOptions {
  readonly limits: SnapshotLimits;
  /** Bytes that must stay free under both size limits. */
  readonly reserve: number;
  /** Why a part is in, by `section/id`. */
  readonly why: ReadonlyMap<string, string>;
}

export function writePack(content: SnapshotContent, { limits, reserve, why }: WriteOptions): Pack {
  checkContent(content);
  withTable(content, () => checkContentLimits(content, limits));
  const raw = new TextEncoder().encode(canonicalJson(content, limits.nestingMax));
  const size = { what: "uncompressed", size: raw.length, reserve, max: limits.uncompressedBytesMax };
  checkSize(content, size);
  const packed = gzip(raw);
  checkSize(content, { what: "compressed", size: packed.length, reserve, max: limits.compressedBytesMax });
  const pack = packOf(raw, packed, reportOf(content, why));
  withTable(content, () => readBack(pack, raw, limits));
  return pack;
}

interface SizeCheck {
  readonly what: string;
  readonly size: number;
  readonly reserve: number;
  readonly max: number;
}

function checkSize(content: SnapshotContent, { what, size, reserve, max }: SizeCheck): void {
  if (size + reserve <= max) return;
  const memory = reserve === 0 ? "" : ` with ${bytes(reserve)} kept free for memory`;
  throw new SnapshotError(
    "snapshot_too_large",
    `the snapshot has ${bytes(size)} ${what}, over ${bytes(max)}${memory}: ${sizeTable(content)}`,
  );
}

/** A limit that only the content's parts or the guard can see still comes with the table. */
function withTable(content: SnapshotContent, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    if (error.code !== "snapshot_too_large" && error.code !== "snapshot_hostile") throw error;
    throw new SnapshotError("snapshot_too_large", `${error.message}: ${sizeTable(content)}`, {
      cause: error,
    });
  }
}

function readBack(pack: Pack, raw: Uint8Array, limits: SnapshotLimits): void {
  const again = guardSnapshot(pack.gzip, pack, limits);
  invariant(
    Buffer.compare(again.raw, raw) === 0,
    `the pack ${digestName(pack.digest)} reads back as something else`,
  );
}

/** Keeps its bytes to itself: each reader gets a copy. Own getters, so that the pack can also be sent to a thread. */
function packOf(raw: Uint8Array, packed: Uint8Array, report: Pack["report"]): Pack {
  const digest = sha256(raw);
  const bytes = packed.slice();
  return Object.freeze({
    formatVersion,
    compressedSize: bytes.length,
    uncompressedSize: raw.length,
    report,
    get digest() {
      return digest.slice();
    },
    get gzip() {
      return bytes.slice();
    },
  });
}
