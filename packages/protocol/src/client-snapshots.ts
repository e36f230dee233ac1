/** Snapshots as a client uses them. */

import type { Client } from "@connectrpc/connect";
import { each, once } from "./calls.ts";
import { type Digest, digestOfBytes } from "./model/ids.ts";
import type { KeptSnapshot, SnapshotReport } from "./model/snapshot-report.ts";
import type { SnapshotService } from "./services.ts";
import { required } from "./wire/fields.ts";
import { keptFromWire, reportFromWire } from "./wire/snapshot-wire.ts";

/** Every method rejects with a FaultError. */
export interface SnapshotClient {
  /** @param name a digest or `<run>/<step>` */
  inspectSnapshot(name: string, signal: AbortSignal): Promise<SnapshotReport>;
  /** The gzip bytes. @param name a digest or `<run>/<step>` */
  snapshot(name: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** The pack stays when its runs are forgotten. @param name a digest or `<run>/<step>` @returns its digest */
  keepSnapshot(name: string, note: string, signal: AbortSignal): Promise<Digest>;
  unkeepSnapshot(name: string, signal: AbortSignal): Promise<void>;
  keptSnapshots(signal: AbortSignal): Promise<readonly KeptSnapshot[]>;
}

export function snapshotClient(snapshots: Client<typeof SnapshotService>): SnapshotClient {
  return {
    async inspectSnapshot(name, signal) {
      return reportFromWire(
        required((await once(snapshots.inspect({ name }, { signal }), signal)).report, "report"),
      );
    },
    async *snapshot(name, signal) {
      for await (const { data } of each(snapshots.get({ name }, { signal }), signal)) yield data;
    },
    async keepSnapshot(name, note, signal) {
      return digestOfBytes((await once(snapshots.keep({ name, note }, { signal }), signal)).digest);
    },
    async unkeepSnapshot(name, signal) {
      await once(snapshots.unkeep({ name }, { signal }), signal);
    },
    async keptSnapshots(signal) {
      return (await once(snapshots.listKept({}, { signal }), signal)).kept.map(keptFromWire);
    },
  };
}
