/** What a task says of its pack. */

import type { Digest } from "./ids.ts";

/** Names a pack and says what to expect of it; the bytes come along or are fetched. */
export interface SnapshotDescriptor {
  readonly formatVersion: number;
  readonly digest: Digest;
  /** Bytes. */
  readonly compressedSize: number;
  /** Bytes. */
  readonly uncompressedSize: number;
  readonly gzip?: Uint8Array;
}
