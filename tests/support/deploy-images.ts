/** Images of a static busybox, and the recipe that makes a base image of a plain one; without any network. */

import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest, ImageRecipe } from "@haversack/protocol";
import type { Runtime } from "../../packages/worker/src/runtime/runtime.ts";
import { baseLayer, recipeScript } from "./base-image.ts";
import { imageShelf } from "./image-shelf.ts";
import { tarArchive } from "./tar-archive.ts";
import { busyboxLayer } from "./test-images.ts";

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
  /** No two tests share an image. */
  readonly salt: string;
}

/** @returns its id */
export const loadPlain = (parts: LoadParts): Promise<string> =>
  load(parts, [busyboxLayer(), saltLayer(parts.salt)], {});

/** Not on top of the plain one: with an image, Podman removes those below it that have no name. */
export const loadBase = (parts: LoadParts, recipe: Digest): Promise<string> =>
  load(parts, [busyboxLayer(), baseLayer({ stamp, recipe, arch: parts.arch }), saltLayer(parts.salt)], {
    entrypoint: ["/opt/haversack/bin/init"],
    labels: { "haversack.stamp": stamp },
  });

const saltLayer = (salt: string): Buffer => tarArchive([{ name: "etc/salt", mode: 0o644, data: salt }]);

async function load(
  { runtime, folder, arch }: LoadParts,
  layers: readonly Buffer[],
  details: object,
): Promise<string> {
  const shelf = imageShelf();
  const image = shelf.image(layers, { arch: arch === "arm64" ? "arm64" : "amd64", ...details });
  const file = join(folder, `${image.digest.slice(7, 19)}.tar`);
  await writeFile(file, shelf.archive(image));
  const identity = { id: image.config.digest, otherId: image.digest, arch };
  await runtime.importImage(file, identity, () => {}, never);
  await rm(file);
  const found = await runtime.inspectImage(identity, never);
  if (found.kind !== "present") throw new Error(`the image was not loaded: ${found.kind}`);
  return found.id;
}
