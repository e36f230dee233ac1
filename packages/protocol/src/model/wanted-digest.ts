/** What `base` means on a worker. Pure, the same on both ends. */

import type { BaseImage, ContainerEngine } from "./base-image.ts";
import type { Digest } from "./ids.ts";

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
