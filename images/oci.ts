/**
 * The file for Docker and Podman: an OCI layout and, for loaders that know no OCI, a `manifest.json` beside it, both
 * about the same blobs. One layer, gzip, because old engines take no zstd; the outer archive is plain, because Podman
 * unpacks no gzip around it.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { type Arch, names } from "./arch.ts";
import { hashOf } from "./fetch.ts";
import type { RecipeFile } from "./recipe.ts";
import { packTar } from "./tar.ts";

export interface OciFile {
  /** `sha256:…` of the image's configuration: Docker's and Podman's id. */
  readonly imageId: string;
  /** `sha256:…` of its manifest: the id in newer Docker's store. */
  readonly manifestDigest: string;
  /** Bytes of the layer, unpacked. */
  readonly unpacked: number;
}

export interface ImageContent {
  readonly arch: Arch;
  readonly file: RecipeFile;
  /** `sha256:…` */
  readonly recipe: string;
  readonly root: string;
}

const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const configType = "application/vnd.oci.image.config.v1+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** @param work an empty folder. @param out where the archive goes. */
export async function writeOci(content: ImageContent, work: string, out: string): Promise<OciFile> {
  const blobs = join(work, "blobs/sha256");
  await mkdir(blobs, { recursive: true });
  const { epochSeconds } = content.file;
  const layerFile = join(work, "layer");
  await packTar({ folder: content.root, file: layerFile, epochSeconds, compress: "gzip" });
  const layer = await layerOf(layerFile);
  await rename(layerFile, join(blobs, layer.sha256));
  const put = async (value: object) => {
    const text = JSON.stringify(value);
    const sha256 = hashOf(text);
    await writeFile(join(blobs, sha256), text);
    return { digest: `sha256:${sha256}`, size: Buffer.byteLength(text), path: `blobs/sha256/${sha256}` };
  };
  const config = await put(configOf(content, layer.diffId));
  const manifest = await put({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, digest: config.digest, size: config.size },
    layers: [{ mediaType: layerType, digest: `sha256:${layer.sha256}`, size: layer.size }],
  });
  const tag = `haversack/base:${content.file.stamp}`;
  const described = { mediaType: manifestType, digest: manifest.digest, size: manifest.size };
  const index = {
    ...described,
    platform: platform(content.arch),
    annotations: { "org.opencontainers.image.ref.name": tag },
  };
  await writeFile(join(work, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(join(work, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [index] }));
  const docker = [{ Config: config.path, RepoTags: [tag], Layers: [`blobs/sha256/${layer.sha256}`] }];
  await writeFile(join(work, "manifest.json"), JSON.stringify(docker));
  const entries = ["blobs", "index.json", "manifest.json", "oci-layout"];
  await packTar({ folder: work, entries, file: out, epochSeconds, compress: "none", isOwnedByRoot: true });
  return { imageId: config.digest, manifestDigest: manifest.digest, unpacked: layer.unpacked };
}

const platform = (arch: Arch) => ({
  architecture: names[arch].oci,
  os: "linux",
  ...(arch === "arm64" && { variant: "v8" }),
});

function configOf({ arch, file, recipe }: ImageContent, diffId: string): object {
  const created = new Date(file.epochSeconds * 1000).toISOString().replace(".000Z", "Z");
  const { id } = file.user;
  return {
    ...platform(arch),
    created,
    config: {
      User: `${id}:${id}`,
      ExposedPorts: { "8080/tcp": {} },
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/tmp"],
      Entrypoint: ["/opt/haversack/bin/init"],
      Cmd: ["/opt/haversack/bin/agent-server"],
      WorkingDir: "/tmp",
      StopSignal: "SIGTERM",
      Labels: {
        "haversack.recipe": recipe,
        "haversack.stamp": file.stamp,
        "org.opencontainers.image.title": "haversack base",
        "org.opencontainers.image.version": file.stamp,
      },
    },
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created, created_by: `haversack recipe ${recipe}` }],
  };
}

async function layerOf(
  file: string,
): Promise<{ sha256: string; size: number; diffId: string; unpacked: number }> {
  const packed = createHash("sha256");
  const plain = createHash("sha256");
  let unpacked = 0;
  const source = createReadStream(file);
  source.on("data", (chunk) => packed.update(chunk));
  for await (const chunk of source.pipe(createGunzip()) as AsyncIterable<Buffer>) {
    plain.update(chunk);
    unpacked += chunk.length;
  }
  const { size } = await stat(file);
  return { sha256: packed.digest("hex"), size, diffId: `sha256:${plain.digest("hex")}`, unpacked };
}
