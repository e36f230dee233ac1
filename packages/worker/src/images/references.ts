/** Which image is meant on this worker: pure. */

import { type BaseImage, type Digest, type ImageArch, imageArches, parseDigest } from "@haversack/protocol";
import { digestOfRef, type RuntimeInfo } from "../runtime/runtime.ts";
import type { WantedImage } from "./images.ts";
import { hexOf } from "./journal.ts";

export type Meant =
  | { readonly kind: "image"; readonly image: WantedImage }
  /** There is none for this architecture or engine: nothing is guessed. */
  | { readonly kind: "unsupported"; readonly why: string };

const sameArch: ReadonlyMap<string, ImageArch> = new Map([
  ["x64", "x64"],
  ["amd64", "x64"],
  ["x86_64", "x64"],
  ["arm64", "arm64"],
  ["aarch64", "arm64"],
]);

/** @param source whether the file is downloaded here, or the engine pulls from a registry */
export function baseMeant(base: BaseImage, info: RuntimeInfo, source: "file" | "registry"): Meant {
  const arch = sameArch.get(info.arch);
  if (arch === undefined)
    return unsupported(`architecture ${info.arch} is none of ${imageArches.join(", ")}`);
  const files = base.arches.get(arch);
  if (files === undefined) return unsupported(`base image ${base.stamp} has nothing for ${arch}`);
  const { stamp } = base;
  const file = files[info.imageFile];
  const isPulled = files.ref !== undefined && info.canPull && (source === "registry" || file === undefined);
  if (isPulled && files.ref !== undefined) {
    const identity = { id: files.ref, arch, stamp };
    return { kind: "image", image: { digest: digestOfRef(files.ref), ref: "base", stamp, identity } };
  }
  if (file === undefined) return unsupported(`base image ${stamp} has no ${info.imageFile} file for ${arch}`);
  const id = info.imageFile === "lxd" ? hexOf(file.sha256) : file.imageId;
  if (id === undefined || id === "")
    return unsupported(`base image ${stamp} does not say its image id for ${arch}`);
  const otherId = file.manifestDigest === undefined ? {} : { otherId: file.manifestDigest };
  const identity = { id, ...otherId, arch, stamp };
  return { kind: "image", image: { digest: file.sha256, ref: "base", stamp, identity, file } };
}

const unsupported = (why: string): Meant => ({ kind: "unsupported", why });

const refPattern = /^[a-z0-9][a-zA-Z0-9.-]*(?::\d{1,5})?(?:\/[a-z0-9][a-z0-9._-]*)+@sha256:[0-9a-f]{64}$/;

/** `HOST[:PORT]/NAME@sha256:…`; undefined: it is no such reference. */
export function referenceMeant(ref: string, arch: string): WantedImage | undefined {
  if (!refPattern.test(ref)) return undefined;
  return { digest: digestOfRef(ref), ref, stamp: "", identity: { id: ref, arch } };
}

export const registryHost = (ref: string): string => ref.slice(0, Math.max(0, ref.indexOf("/")));

/** Undefined: the text is no digest. */
export function digestMeant(text: string): Digest | undefined {
  return /^sha256:[0-9a-f]{64}$/.test(text) ? parseDigest(text) : undefined;
}
