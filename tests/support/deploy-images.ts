/** Images of a static busybox, and the recipe that makes a base image of a plain one; without any network. */

import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest, ImageRecipe } from "@haversack/protocol";
import type { Runtime } from "../../packages/worker/src/runtime/runtime.ts";
import { imageShelf } from "./image-shelf.ts";
import { tarArchive } from "./tar-archive.ts";
import { busyboxLayer } from "./test-images.ts";

export const stamp = "2026.11.1";
/** What both paths put in: it waits for its secrets, as the real one does. */
const init = `#!/bin/sh
if [ "$HAVERSACK_WAIT" = start ]; then until [ -e /run/haversack/start ]; do sleep 0.05; done; fi
exec "$@"
`;

/** Without network. @param before what it does first */
export function smallRecipe(arch: string, fallbackImage: string, before = ":"): ImageRecipe {
  const script = new TextEncoder().encode(`set -e
${before}
echo haversack phase check
mkdir -p /opt/haversack/bin
cat > /opt/haversack/bin/init <<'INIT'
${init}INIT
chmod 755 /opt/haversack/bin/init
digest=$(/bin/busybox sha256sum "$0" | /bin/busybox cut -d' ' -f1)
echo '{"format":"haversack-base","version":1,"stamp":"${stamp}","recipe":"sha256:'$digest'","arch":"${arch}","versions":{}}' > /etc/haversack-base.json
`);
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
  load(parts, [busyboxLayer(), baseLayer(parts.arch, recipe), saltLayer(parts.salt)], {
    entrypoint: ["/opt/haversack/bin/init"],
    labels: { "haversack.stamp": stamp },
  });

const saltLayer = (salt: string): Buffer => tarArchive([{ name: "etc/salt", mode: 0o644, data: salt }]);

function baseLayer(arch: string, recipe: Digest): Buffer {
  const proof = { format: "haversack-base", version: 1, stamp, recipe, arch, versions: {} };
  return tarArchive([
    { name: "opt/" },
    { name: "opt/haversack/" },
    { name: "opt/haversack/bin/" },
    { name: "opt/haversack/bin/init", data: init },
    { name: "etc/haversack-base.json", mode: 0o644, data: JSON.stringify(proof) },
  ]);
}

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
