/** Reports about packs: protobuf ⇄ nouns. */

import { create } from "@bufbuild/protobuf";
import { timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import {
  KeptSnapshotSchema,
  SnapshotReportSchema,
  type KeptSnapshot as WireKeptSnapshot,
  type SnapshotReport as WireSnapshotReport,
} from "../gen/haversack/v1/snapshot_service_pb.ts";
import { digestOfBytes, digestToBytes } from "../model/ids.ts";
import type { KeptSnapshot, SnapshotReport } from "../model/snapshot-report.ts";
import { required, safeNumber } from "./fields.ts";

export function reportToWire(report: SnapshotReport): WireSnapshotReport {
  return create(SnapshotReportSchema, {
    formatVersion: report.formatVersion,
    digest: digestToBytes(report.digest),
    compressedSize: BigInt(report.compressedSize),
    uncompressedSize: BigInt(report.uncompressedSize),
    requires: [...report.requires],
    secrets: [...report.secrets],
    parts: report.parts.map(({ section, id, size, digest, files, why }) => ({
      section,
      id,
      size: BigInt(size),
      digest: digestToBytes(digest),
      files: [...files],
      why,
    })),
  });
}

export function reportFromWire(wire: WireSnapshotReport): SnapshotReport {
  return {
    formatVersion: wire.formatVersion,
    digest: digestOfBytes(wire.digest),
    compressedSize: safeNumber(wire.compressedSize, "compressed_size"),
    uncompressedSize: safeNumber(wire.uncompressedSize, "uncompressed_size"),
    requires: wire.requires,
    secrets: wire.secrets,
    parts: wire.parts.map(({ section, id, size, digest, files, why }) => ({
      section,
      id,
      size: safeNumber(size, "part.size"),
      digest: digestOfBytes(digest),
      files,
      why,
    })),
  };
}

export function keptToWire({ digest, name, note, keptAt, compressedSize }: KeptSnapshot): WireKeptSnapshot {
  return create(KeptSnapshotSchema, {
    digest: digestToBytes(digest),
    name,
    note,
    keptAt: timestampFromMs(keptAt),
    compressedSize: BigInt(compressedSize),
  });
}

export function keptFromWire(wire: WireKeptSnapshot): KeptSnapshot {
  return {
    digest: digestOfBytes(wire.digest),
    name: wire.name,
    note: wire.note,
    keptAt: timestampMs(required(wire.keptAt, "kept.kept_at")),
    compressedSize: safeNumber(wire.compressedSize, "kept.compressed_size"),
  };
}
