/** SnapshotService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { FaultError } from "@haversack/base";
import {
  chunkBytesMax,
  parseDigest,
  parseRunId,
  reportToWire,
  type SnapshotService,
} from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";

export function snapshotService(store: Store): ServiceImpl<typeof SnapshotService> {
  return {
    async *get({ name }) {
      const { gzip } = await find(store, name);
      for (const data of chunks(gzip)) yield { data };
    },
    async inspect({ name }) {
      return { report: reportToWire(await find(store, name)) };
    },
  };
}

/** @param name a digest, or `<run>/<step>` */
async function find(store: Store, name: string): Promise<StoredPack> {
  const [runId, stepId, ...rest] = name.split("/");
  if (runId !== undefined && stepId !== undefined && rest.length === 0) {
    return await store.read.snapshotRead({
      digest: await store.read.snapshotOfStep({ runId: parseRunId(runId), stepId }),
    });
  }
  if (!name.startsWith("sha256:")) {
    const message = "a snapshot is named by sha256:<64 hex digits> or by <run>/<step>";
    throw new FaultError("invalid", "bad_snapshot_name", message);
  }
  return await store.read.snapshotRead({ digest: parseDigest(name) });
}

export function* chunks(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let from = 0; from < bytes.length; from += chunkBytesMax)
    yield bytes.subarray(from, from + chunkBytesMax);
}
