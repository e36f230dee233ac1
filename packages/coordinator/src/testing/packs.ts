/** Packs as the store sees them: a digest and bytes. No worker could open one. */

import { createHash } from "node:crypto";
import { type Digest, parseDigest } from "@haversack/protocol";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";

export const digestOf = (text: string): Digest =>
  parseDigest(`sha256:${createHash("sha256").update(text).digest("hex")}`);

export function packOf(name: string, bytes = 10): StoredPack {
  const sizes = { compressedSize: bytes, uncompressedSize: bytes };
  const gzip = new Uint8Array(bytes).fill(7);
  return { digest: digestOf(name), formatVersion: 1, ...sizes, requires: [], secrets: [], parts: [], gzip };
}
