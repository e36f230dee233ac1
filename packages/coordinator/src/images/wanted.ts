/** Which image a word of a caller means on a worker. Pure. */

import { FaultError } from "@haversack/base";
import { type BaseImage, type ContainerEngine, type Digest, parseDigest } from "@haversack/protocol";

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

/** The digest by which a worker with such an engine knows the base image; undefined: there is none for it. */
export function wantedDigest(
  base: BaseImage | undefined,
  engine: ContainerEngine | undefined,
): Digest | undefined {
  if (base === undefined || engine === undefined) return undefined;
  const files = base.arches.get(archNames[engine.arch] ?? engine.arch);
  return (engine.kind === "lxd" ? files?.lxd : files?.oci)?.sha256;
}

/** What engines call the two that there are images for. */
const archNames: Readonly<Record<string, string>> = { amd64: "x64", x86_64: "x64", aarch64: "arm64" };
