/** Which image a word of a caller means on a worker. Pure. */

import { FaultError } from "@haversack/base";
import { type Digest, parseDigest } from "@haversack/protocol";

export { wantedDigest } from "@haversack/protocol";

export type ImageRef =
  | { readonly kind: "base" }
  | { readonly kind: "digest"; readonly digest: Digest }
  /** A reference that pins a digest. */
  | { readonly kind: "pinned"; readonly digest: Digest };

const pinned = /^[a-z0-9][a-z0-9._/:-]{0,500}@(sha256:[0-9a-f]{64})$/;

/** Throws FaultError `invalid`. */
export function parseImageRef(text: string): ImageRef {
  if (text === "base") return { kind: "base" };
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return { kind: "digest", digest: parseDigest(text) };
  const [, digest] = pinned.exec(text) ?? [];
  if (digest !== undefined) return { kind: "pinned", digest: parseDigest(digest) };
  const message =
    "ref: expected base, sha256:DIGITS, or an image by digest such as ghcr.io/owner/name@sha256:…";
  throw new FaultError("invalid", "bad_image_ref", message);
}
