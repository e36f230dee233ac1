/** What a task says of its pack: protobuf ⇄ nouns. */

import { create } from "@bufbuild/protobuf";
import { AgentSnapshotSchema, type AgentSnapshot as WireAgentSnapshot } from "../gen/haversack/v1/task_pb.ts";
import { digestOfBytes, digestToBytes } from "../model/ids.ts";
import type { SnapshotDescriptor } from "../model/snapshot-descriptor.ts";
import { safeNumber } from "./fields.ts";

/** Copies the bytes of the pack: the task must not change when the caller's buffer does. */
export function snapshotToWire(snapshot: SnapshotDescriptor): WireAgentSnapshot {
  return create(AgentSnapshotSchema, {
    formatVersion: snapshot.formatVersion,
    digest: digestToBytes(snapshot.digest),
    compressedSize: BigInt(snapshot.compressedSize),
    uncompressedSize: BigInt(snapshot.uncompressedSize),
    ...(snapshot.gzip === undefined ? {} : { gzip: new Uint8Array(snapshot.gzip) }),
  });
}

/** Copies the bytes: they outlive the message that they came in. */
export function snapshotFromWire(wire: WireAgentSnapshot): SnapshotDescriptor {
  return {
    formatVersion: wire.formatVersion,
    digest: digestOfBytes(wire.digest),
    compressedSize: safeNumber(wire.compressedSize, "snapshot.compressed_size"),
    uncompressedSize: safeNumber(wire.uncompressedSize, "snapshot.uncompressed_size"),
    ...(wire.gzip === undefined ? {} : { gzip: new Uint8Array(wire.gzip) }),
  };
}
