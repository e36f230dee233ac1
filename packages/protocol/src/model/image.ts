/** Images on workers: what a worker says of one, and what the publisher says of the base image. */

import type { BootId, Digest, WorkerId } from "./ids.ts";
import type { PrefetchPolicy } from "./prefetch-policy.ts";

export const imageArches = ["x64", "arm64"] as const;
export type ImageArch = (typeof imageArches)[number];

export const imageStates = [
  "unknown",
  "absent",
  "disabled",
  "unsupported",
  "queued",
  "resolving",
  "downloading",
  "verifying",
  "importing",
  "ready",
  "failed",
  "cancelled",
] as const;
export type ImageState = (typeof imageStates)[number];

/** A flight is under way. */
export const imageStatesInFlight: ReadonlySet<ImageState> = new Set([
  "queued",
  "resolving",
  "downloading",
  "verifying",
  "importing",
]);

export interface ImageStatus {
  /** Of the base image: the file for the worker's architecture and engine. Of a reference: what it pins. */
  readonly digest: Digest;
  /** `base`, or a reference by digest. */
  readonly ref: string;
  /** Of the base image. */
  readonly stamp?: string;
  readonly arch?: ImageArch;
  readonly state: ImageState;
  /** For people, of `queued`, `unknown`, `disabled` and `unsupported`. */
  readonly why?: string;
  /** 1 for the first try since somebody asked; 0: nobody has. */
  readonly attempt: number;
  readonly method?: "import" | "pull";
  readonly cause?: ImageCause;
  /** What asked for it, such as `RUN/STEP`; at most 16. */
  readonly asked: readonly string[];
  readonly progress?: ImageProgress;
  /** Of `failed`. */
  readonly failure?: ImageFailure;
  /** Of `cancelled`. */
  readonly cancelledBy?: string;
  /** Grows with each transition and each progress of the worker's process. */
  readonly seq: number;
  /** When the state began, by the worker's clock, in milliseconds since 1970. */
  readonly since: number;
}

export type ImageCause = "deploy" | "operator" | "eager";

/** `done` never shrinks within an attempt. */
export interface ImageProgress {
  readonly unit: "none" | "bytes" | "layers";
  readonly done?: number;
  readonly total?: number;
  /** Of the download, at most 99. */
  readonly percent?: number;
  readonly bytesPerSecond?: number;
  readonly etaSeconds?: number;
}

export interface ImageFailure {
  /** Stable, such as `checksum`, `no_space`. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** Milliseconds since 1970; absent: not tried again by itself. */
  readonly retryAt?: number;
}

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

/** What the coordinator wants of the images of a worker. */
export interface ImageOrder {
  readonly id: number;
  /** `base`, a digest, or a reference by digest. */
  readonly ref: string;
  readonly order:
    | { readonly kind: "pull"; readonly digest?: Digest; readonly by: string }
    | { readonly kind: "cancel"; readonly by: string }
    | { readonly kind: "look" };
}

export interface ImageAnswer {
  readonly id: number;
  /** It was under way already. */
  readonly resumed: boolean;
  readonly status?: ImageStatus;
  /** Why it was refused. */
  readonly refusal?: { readonly code: string; readonly message: string };
}

/** An image on a worker, as its coordinator knows it. */
export interface WorkerImage {
  readonly workerId: WorkerId;
  readonly workerName: string;
  readonly status: ImageStatus;
  /** The worker is not connected: this is what was known last. */
  readonly lost: boolean;
  readonly observedAt: number;
  /** Of the worker's process that `status.seq` counts in. */
  readonly bootId: BootId;
}

export type ImageEvent =
  | { readonly kind: "snapshot"; readonly image: WorkerImage }
  | { readonly kind: "progress"; readonly image: WorkerImage }
  | { readonly kind: "end"; readonly image: WorkerImage };
