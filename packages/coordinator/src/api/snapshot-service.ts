/** SnapshotService: decode, call, encode. */

import type { ServiceImpl } from "@connectrpc/connect";
import { type Clock, FaultError, faultOf } from "@haversack/base";
import {
  chunkBytesMax,
  type Digest,
  digestToBytes,
  keptToWire,
  parseDigest,
  parseRunId,
  reportToWire,
  type SnapshotService,
} from "@haversack/protocol";
import type { Store } from "../store/store.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";

const noteCharactersMax = 500;

export function snapshotService(store: Store, clock: Clock): ServiceImpl<typeof SnapshotService> {
  return {
    async *get({ name }) {
      const { gzip } = await find(store, name);
      for (const data of chunks(gzip)) yield { data };
    },
    async inspect({ name }) {
      return { report: reportToWire(await find(store, name)) };
    },
    async keep({ name, note }) {
      if (note.length > noteCharactersMax) {
        const message = `a note has at most ${noteCharactersMax} characters, this one has ${note.length}`;
        throw new FaultError("invalid", "bad_note", message);
      }
      const digest = await digestOf(store, name);
      await store.write.snapshotKeep({ digest, name, note, now: clock.now() });
      return { digest: digestToBytes(digest) };
    },
    async unkeep({ name }) {
      const digest = await digestOf(store, name).catch((error: unknown) => {
        // The name of a step whose run is forgotten is still a name that a pack is kept by.
        if (faultOf(error) === "missing") return undefined;
        throw error;
      });
      if (await store.write.snapshotUnkeep({ name, ...(digest === undefined ? {} : { digest }) })) return {};
      const message = `no snapshot is kept by ${name}; \`haversack snapshot keep --list\` shows those that are`;
      throw new FaultError("missing", "not_kept", message);
    },
    async listKept() {
      return { kept: (await store.read.snapshotsKept()).map(keptToWire) };
    },
  };
}

async function find(store: Store, name: string): Promise<StoredPack> {
  return await store.read.snapshotRead({ digest: await digestOf(store, name) });
}

/** @param name a digest, or `<run>/<step>` */
async function digestOf(store: Store, name: string): Promise<Digest> {
  const [runId, stepId, ...rest] = name.split("/");
  if (runId !== undefined && stepId !== undefined && rest.length === 0) {
    return await store.read.snapshotOfStep({ runId: parseRunId(runId), stepId });
  }
  if (!name.startsWith("sha256:")) {
    const message = "a snapshot is named by sha256:<64 hex digits> or by <run>/<step>";
    throw new FaultError("invalid", "bad_snapshot_name", message);
  }
  return parseDigest(name);
}

export function* chunks(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let from = 0; from < bytes.length; from += chunkBytesMax)
    yield bytes.subarray(from, from + chunkBytesMax);
}
