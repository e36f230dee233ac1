/**
 * The order of checks on bytes from outside. Nothing is allocated before the check that bounds it, nothing is parsed
 * before the digest is right, and whatever is wrong ends in a SnapshotError. Synchronous: callers give it a thread of
 * its own. The limits on memory and CPU time hold for any bytes whatsoever.
 */

import { timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { SnapshotError } from "./errors.ts";
import type { SnapshotContent } from "./format/content.ts";
import { decodeContent } from "./format/decode.ts";
import { digestName, sha256 } from "./format/digest.ts";
import { gzipBytesMin, readTrailer } from "./format/gzip.ts";
import { bytes } from "./format/sizes.ts";
import { versionProblem } from "./format/version.ts";
import { inflate } from "./inflate.ts";
import { defaultLimits, type SnapshotLimits } from "./limits.ts";

/** What a task says about its pack. */
export interface ExpectedPack {
  readonly formatVersion: number;
  /** 32 raw bytes. */
  readonly digest: Uint8Array;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
}

export interface GuardedPack {
  readonly content: SnapshotContent;
  /** The canonical bytes, for a caller that hands them to another thread: `openContent` reads them there. */
  readonly raw: Uint8Array;
}

/** Content that is intact, bounded, valid and frozen, or a SnapshotError. */
export function guardSnapshot(
  pack: Uint8Array,
  expected: ExpectedPack,
  limits: SnapshotLimits = defaultLimits,
): GuardedPack {
  checkVersion(expected.formatVersion);
  const trailer = checkOutside(pack, expected, limits);
  const raw = inflate(pack, trailer.size, limits);
  if (crc32(raw) !== trailer.crc32) throw corrupt("its CRC is wrong");
  checkDigest(raw, expected.digest);
  return { content: decodeContent(raw, limits), raw };
}

/** What the bytes claim about themselves; for a pack that was read from a file, with nothing to compare it to. */
function claimedSizes(pack: Uint8Array): {
  readonly compressedSize: number;
  readonly uncompressedSize: number;
} {
  if (pack.length < gzipBytesMin) throw corrupt(`${pack.length} bytes are too few for a gzip file`);
  return { compressedSize: pack.length, uncompressedSize: readTrailer(pack).size };
}

/** As `guardSnapshot`, with the digest computed instead of compared. */
export function guardUnnamed(
  pack: Uint8Array,
  limits: SnapshotLimits,
): GuardedPack & { readonly digest: Uint8Array } {
  const trailer = checkOutside(pack, claimedSizes(pack), limits);
  const raw = inflate(pack, trailer.size, limits);
  if (crc32(raw) !== trailer.crc32) throw corrupt("its CRC is wrong");
  return { content: decodeContent(raw, limits), raw, digest: sha256(raw) };
}

/** For raw bytes that were guarded in another thread: digest and content once more, in pairs. */
export function guardRaw(raw: Uint8Array, digest: Uint8Array, limits: SnapshotLimits): GuardedPack {
  if (raw.length > limits.uncompressedBytesMax)
    throw tooLarge("uncompressed", raw.length, limits.uncompressedBytesMax);
  checkDigest(raw, digest);
  return { content: decodeContent(raw, limits), raw };
}

function checkVersion(version: number): void {
  const problem = versionProblem(version);
  if (problem !== undefined) throw new SnapshotError("snapshot_version_unsupported", problem);
}

type ExpectedSizes = Pick<ExpectedPack, "compressedSize" | "uncompressedSize">;

/** Header, trailer and both sizes: all that can be known before a byte is inflated. */
function checkOutside(pack: Uint8Array, expected: ExpectedSizes, limits: SnapshotLimits) {
  if (pack.length !== expected.compressedSize) {
    throw corrupt(`it has ${pack.length} bytes, not the ${expected.compressedSize} of its task`);
  }
  if (pack.length > limits.compressedBytesMax) {
    throw tooLarge("compressed", pack.length, limits.compressedBytesMax);
  }
  if (pack.length < gzipBytesMin) throw corrupt(`${pack.length} bytes are too few for a gzip file`);
  checkHeader(pack);
  const trailer = readTrailer(pack);
  if (trailer.size !== expected.uncompressedSize) {
    throw corrupt(`its trailer says ${trailer.size} bytes, its task ${expected.uncompressedSize}`);
  }
  if (trailer.size > limits.uncompressedBytesMax) {
    throw tooLarge("uncompressed", trailer.size, limits.uncompressedBytesMax);
  }
  return trailer;
}

function checkHeader(pack: Uint8Array): void {
  if (pack[0] !== 0x1f || pack[1] !== 0x8b || pack[2] !== 8)
    throw corrupt("it does not start as a gzip file");
  if (pack[3] !== 0)
    throw corrupt("its gzip header has flags, and v1 knows none (no name, no comment, no extra field)");
}

function checkDigest(raw: Uint8Array, digest: Uint8Array): void {
  const found = sha256(raw);
  if (digest.length !== found.length || !timingSafeEqual(found, digest)) {
    throw corrupt(`its content is ${digestName(found)}, which is not the digest of its task`);
  }
}

function tooLarge(kind: string, size: number, max: number): SnapshotError {
  return new SnapshotError(
    "snapshot_too_large",
    `the pack says that it has ${bytes(size)} ${kind}, over the limit of ${bytes(max)}`,
  );
}

function corrupt(why: string): SnapshotError {
  return new SnapshotError("snapshot_corrupt", `the pack is damaged: ${why}`);
}
