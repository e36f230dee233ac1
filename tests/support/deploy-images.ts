/** Images of a static busybox, and the recipe that makes a base image of a plain one; without any network. */

import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest, ImageRecipe } from "@haversack/protocol";
import type { Runtime } from "../../packages/worker/src/runtime/runtime.ts";
import { baseEntries, recipeScript } from "./base-image.ts";
import { imageShelf } from "./image-shelf.ts";
import { lxdImage } from "./lxd-image.ts";
import { type TarEntry, tarArchive } from "./tar-archive.ts";
import { busyboxEntries } from "./test-images.ts";

export const stamp = "2026.11.1";

/** Without network. @param before what it does first */
export function smallRecipe(arch: string, fallbackImage: string, before = ":"): ImageRecipe {
  const script = new TextEncoder().encode(recipeScript(stamp, arch, before));
  return { digest: digestOf(script), script, fallbackImage };
}

export const digestOf = (bytes: Uint8Array | string): Digest =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;

const never = new AbortController().signal;

export interface LoadParts {
  readonly runtime: Runtime;
  /** For files that are gone again. */
  readonly folder: string;
  readonly arch: string;
  readonly imageFile: "oci" | "lxd";
  /** No two tests share an image. */
  readonly salt: string;
}

/** @returns its id */
export const loadPlain = (parts: LoadParts): Promise<string> => load(parts, [busyboxEntries()]);

/** Not on top of the plain one: with an image, Podman removes those below it that have no name. */
export const loadBase = (parts: LoadParts, recipe: Digest): Promise<string> =>
  load(parts, [busyboxEntries(), baseEntries({ stamp, recipe, arch: parts.arch })], stamp);

/** @param ofBase its stamp, of a base image */
async function load(parts: LoadParts, layers: readonly TarEntry[][], ofBase?: string): Promise<string> {
  const { runtime, folder, arch, salt } = parts;
  const salted = [...layers, [{ name: "etc/salt", mode: 0o644, data: salt }]];
  const { bytes, identity } =
    parts.imageFile === "oci" ? ociFile(parts, salted, ofBase) : lxdFile(parts, salted, ofBase);
  const file = join(folder, `${digestOf(bytes).slice(7, 19)}.tar`);
  await writeFile(file, bytes);
  await runtime.importImage(file, { ...identity, arch }, () => {}, never);
  await rm(file);
  const found = await runtime.inspectImage({ ...identity, arch }, never);
  if (found.kind !== "present") throw new Error(`the image was not loaded: ${found.kind}`);
  return found.id;
}

interface FileOf {
  readonly bytes: Buffer;
  readonly identity: { readonly id: string; readonly otherId?: string };
}

function ociFile({ arch }: LoadParts, layers: readonly TarEntry[][], ofBase: string | undefined): FileOf {
  const details = { entrypoint: ["/opt/haversack/bin/init"], labels: { "haversack.stamp": ofBase ?? "" } };
  const shelf = imageShelf();
  const archives = layers.map((entries) => tarArchive(entries));
  const platform = arch === "arm64" ? "arm64" : "amd64";
  const image = shelf.image(archives, { arch: platform, ...(ofBase !== undefined && details) });
  return { bytes: shelf.archive(image), identity: { id: image.config.digest, otherId: image.digest } };
}

function lxdFile({ arch }: LoadParts, layers: readonly TarEntry[][], ofBase: string | undefined): FileOf {
  const bytes = lxdImage(layers.flat(), { arch, ...(ofBase !== undefined && { stamp: ofBase }) });
  return { bytes, identity: { id: digestOf(bytes).slice("sha256:".length) } };
}
