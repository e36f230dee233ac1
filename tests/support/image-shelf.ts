/** Images and files in memory, by digest and by tag, in the format of OCI or the older one of Docker. */

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { tarArchive } from "./tar-archive.ts";

export interface Content {
  readonly data: Buffer;
  readonly mediaType: string;
  readonly digest: string;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface ShelvedImage extends Descriptor {
  readonly platform: { readonly architecture: string; readonly os: "linux" };
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface ImageDetails {
  /** What a registry calls it. */
  readonly arch?: "amd64" | "arm64";
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly user?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly format?: "oci" | "docker";
}

export interface ImageShelf {
  /** @param layers archives; they are compressed here. */
  image(layers: readonly Buffer[], details?: ImageDetails): ShelvedImage;
  /** Several architectures as one. */
  index(images: readonly ShelvedImage[], format?: "oci" | "docker"): Descriptor;
  tag(repository: string, name: string, image: Descriptor): void;
  /** Served at `/files/NAME`. */
  file(name: string, data: Buffer): Content;
  /** The file that Docker and Podman load: an OCI layout that has a `manifest.json` as well, layers compressed. */
  archive(image: ShelvedImage): Buffer;
  find(path: string): Found | undefined;
}

interface Found {
  readonly kind: "manifests" | "blobs" | "files";
  readonly name: string;
  readonly content: Content | undefined;
}

const oci = "application/vnd.oci.image";
const docker = "application/vnd.docker.distribution.manifest";
const mediaTypes = {
  oci: {
    index: `${oci}.index.v1+json`,
    manifest: `${oci}.manifest.v1+json`,
    config: `${oci}.config.v1+json`,
    layer: `${oci}.layer.v1.tar+gzip`,
  },
  docker: {
    index: `${docker}.list.v2+json`,
    manifest: `${docker}.v2+json`,
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
} as const;
const birth = "1970-01-01T00:00:00Z";

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function imageShelf(): ImageShelf {
  const blobs = new Map<string, Content>();
  const tags = new Map<string, string>();
  const files = new Map<string, Content>();
  const put = (data: Buffer, mediaType: string): Descriptor => {
    const digest = digestOf(data);
    blobs.set(digest, { data, mediaType, digest });
    return { mediaType, digest, size: data.length };
  };
  const putJson = (value: unknown, mediaType: string) => put(Buffer.from(JSON.stringify(value)), mediaType);
  return {
    image(layers, { arch = "amd64", labels = {}, format = "oci", ...start } = {}) {
      const types = mediaTypes[format];
      const stored = layers.map((layer) => put(gzipSync(layer, { level: 1 }), types.layer));
      const platform = { architecture: arch, os: "linux" as const };
      const config = putJson(
        {
          ...platform,
          created: birth,
          config: {
            Cmd: start.command ?? ["/bin/sh"],
            ...(start.entrypoint === undefined ? {} : { Entrypoint: start.entrypoint }),
            ...(start.user === undefined ? {} : { User: start.user }),
            Env: ["PATH=/bin"],
            Labels: labels,
          },
          rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
          history: layers.map(() => ({ created: birth })),
        },
        types.config,
      );
      const manifest = { schemaVersion: 2, mediaType: types.manifest, config, layers: stored };
      return { ...putJson(manifest, types.manifest), platform, config, layers: stored };
    },
    index(images, format = "oci") {
      const manifests = images.map(({ mediaType, digest, size, platform }) => ({
        mediaType,
        digest,
        size,
        platform,
      }));
      const mediaType = mediaTypes[format].index;
      return putJson({ schemaVersion: 2, mediaType, manifests }, mediaType);
    },
    tag: (repository, name, { digest }) => void tags.set(`${repository}:${name}`, digest),
    file(name, data) {
      const content = { data, mediaType: "application/octet-stream", digest: digestOf(data) };
      files.set(name, content);
      return content;
    },
    archive: (image) => archiveOf(image, blobs),
    find(path) {
      const [, repository, kind, name = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
      if (kind === "manifests" || kind === "blobs") {
        const digest = name.startsWith("sha256:") ? name : tags.get(`${repository}:${name}`);
        return { kind, name, content: blobs.get(digest ?? "") };
      }
      const [, file] = /^\/files\/([^/]+)$/.exec(path) ?? [];
      return file === undefined ? undefined : { kind: "files", name: file, content: files.get(file) };
    },
  };
}

function archiveOf(image: ShelvedImage, blobs: ReadonlyMap<string, Content>): Buffer {
  const pathOf = ({ digest }: Descriptor) => `blobs/${digest.replace(":", "/")}`;
  const { mediaType, digest, size, platform, config, layers } = image;
  const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size, platform }] };
  const manifest = [{ Config: pathOf(config), RepoTags: null, Layers: layers.map(pathOf) }];
  const parts = [image, config, ...layers].map((each) => ({
    name: pathOf(each),
    mode: 0o644,
    data: blobs.get(each.digest)?.data ?? "",
  }));
  return tarArchive([
    { name: "blobs/" },
    { name: "blobs/sha256/" },
    ...parts,
    { name: "oci-layout", mode: 0o644, data: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
    { name: "index.json", mode: 0o644, data: JSON.stringify(index) },
    { name: "manifest.json", mode: 0o644, data: JSON.stringify(manifest) },
  ]);
}
