/** The base image, what makes it, and what runs it. */

import type { Digest } from "./ids.ts";
import type { PrefetchPolicy } from "./prefetch-policy.ts";

/** The base image for all architectures, as its publisher describes it. */
export interface BaseImage {
  readonly stamp: string;
  readonly recipe: Digest;
  readonly arches: ReadonlyMap<string, BaseImageFiles>;
}

export interface BaseImageFiles {
  /** For Docker and Podman. */
  readonly oci?: BaseImageFile;
  /** For LXD and Incus. */
  readonly lxd?: BaseImageFile;
  /** In a registry, by digest. */
  readonly ref?: string;
}

export interface BaseImageFile {
  /** Tried in order. */
  readonly urls: readonly string[];
  readonly sha256: Digest;
  /** Bytes. */
  readonly size: number;
  /** Bytes on disk once it is imported. */
  readonly unpacked: number;
  /** What the engine must call it after the import; absent for LXD, which names it by `sha256`. */
  readonly imageId?: string;
  readonly manifestDigest?: string;
}

/** What makes a base image of a plain Debian one. */
export interface ImageRecipe {
  readonly digest: Digest;
  /** At most 64 KiB. */
  readonly script: Uint8Array;
  /** A reference that the containers of the build path start from. */
  readonly fallbackImage: string;
}

/** What runs containers for a worker. */
export interface ContainerEngine {
  readonly kind: "docker" | "podman" | "lxd";
  readonly version: string;
  /** `x64`, `arm64`, or what the engine calls another one. */
  readonly arch: string;
  /** Why it cannot be used now; absent: it can. */
  readonly unavailable?: string;
  readonly copyOnWrite: boolean;
  readonly prefetch: PrefetchPolicy;
  /** `flag`, `environment`, `file` or `default`. */
  readonly prefetchSource: string;
}
