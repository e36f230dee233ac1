/**
 * What runs containers on the worker's host: Docker, Podman, LXD or Incus. Capabilities are data: nobody outside asks
 * which engine it is. Every call may reject with FaultError: `unavailable` (the engine does not answer), `missing`
 * (image, container), `conflict` (codes `name_taken`, `port_taken`, `in_use`), `invalid` (the engine refuses what was asked),
 * `busy` with code `no_space`, `corrupt` (the image cannot run: unpack, architecture), `cancelled`, and `bug`. A signal that
 * fires ends the call within a second; what it had begun is undone or named in the error.
 */

import type { Digest } from "@haversack/protocol";
import type {
  ContainerFile,
  ContainerSpec,
  ContainerView,
  ExecEnd,
  ExecSpec,
  LogOptions,
} from "./container.ts";

export interface Runtime {
  /** Asks anew: the engine may have been upgraded, or be gone. */
  describe(signal: AbortSignal): Promise<RuntimeInfo>;

  /** By identity only, never by name alone. Rejects with nothing: an engine that does not answer is `unknown`. */
  inspectImage(image: ImageIdentity, signal: AbortSignal): Promise<ImagePresence>;
  /**
   * Loads a file that is whole and verified. Succeeds when an inspect by identity says so, whatever the engine's frames
   * said; a second import of what is there succeeds.
   */
  importImage(
    file: string,
    image: ImageIdentity,
    onProgress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Of a reference by digest. Not every engine can: `info.canPull`. Success is an inspect, never a frame. */
  pullImage(pull: PullRequest, onProgress: (frame: PullFrame) => void, signal: AbortSignal): Promise<void>;
  /** Not there: nothing happens. Rejects with `conflict` when a container uses it. */
  removeImage(image: ImageIdentity, signal: AbortSignal): Promise<void>;
  /** Images of ours, by their labels. */
  listImages(signal: AbortSignal): Promise<readonly StoredImage[]>;

  /** Creates without starting. */
  create(spec: ContainerSpec, signal: AbortSignal): Promise<{ readonly id: string }>;
  start(id: string, signal: AbortSignal): Promise<void>;
  /** SIGTERM, then SIGKILL after the grace. One that is not running: nothing happens. */
  stop(id: string, graceMs: number, signal: AbortSignal): Promise<void>;
  kill(id: string, signal: AbortSignal): Promise<void>;
  /** Also one that runs; gone already: nothing happens. Resolves when it is gone. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** By id or by name. Undefined: there is none. */
  inspect(idOrName: string, signal: AbortSignal): Promise<ContainerView | undefined>;
  /** Those whose label `haversack.cluster` has the value, running or not. */
  list(cluster: string, signal: AbortSignal): Promise<readonly ContainerView[]>;
  /** Both streams in one, as they were written. Ends when the container does, or, without `follow`, with what there is. */
  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Waits for the command's end. Output beyond `outputMax` bytes is dropped from the front. */
  exec(id: string, command: ExecSpec, signal: AbortSignal): Promise<ExecEnd>;
  /**
   * Parents are made. Into one that runs: also into its memory file systems, as far as the file's owner may write there
   * (Docker and Podman run a shell in it; the root of an image is no place for anybody but root). Before its start: into
   * its root only, and never below a mount or a memory file system, which would hide it.
   */
  putFiles(id: string, files: readonly ContainerFile[], signal: AbortSignal): Promise<void>;
  /** Something about our containers changed: look. Ends with the signal; reconnects by itself. Never rejects. */
  watch(onChange: () => void, signal: AbortSignal): Promise<void>;
  /** Frees what the adapter itself holds; containers and images stay. */
  close(): Promise<void>;
}

export interface RuntimeInfo {
  readonly kind: "docker" | "podman" | "lxd";
  readonly version: string;
  /** Of the engine, which may be on another machine than this process: `x64`, `arm64`, or its own word. */
  readonly arch: string;
  /** Which file of a base image it takes. */
  readonly imageFile: "oci" | "lxd";
  readonly canPull: boolean;
  /** What a pull's frames tell. */
  readonly pullProgress: "bytes" | "layers" | "none";
  /** It restarts containers itself. */
  readonly restarts: boolean;
  readonly exitCodes: boolean;
  readonly copyOnWrite: boolean;
  /** Folders that have to have room: for images, and for what it writes while it loads one. */
  readonly storeFolder?: string;
  readonly temporaryFolder?: string;
  /** How many bytes a file takes in those two while it is imported, by its size and its unpacked size. */
  readonly spaceToImport: (
    size: number,
    unpacked: number,
  ) => {
    readonly store: number;
    readonly temporary: number;
  };
}

/** What an image must be, to be the one that is meant. */
export interface ImageIdentity {
  /** What the engine calls it: an image id, a fingerprint, or a reference by digest. */
  readonly id: string;
  /** Another name by which an engine may call it, such as a manifest digest. */
  readonly otherId?: string;
  readonly arch: string;
  /** Of the label `haversack.stamp`; absent: not looked at. */
  readonly stamp?: string;
}

export type ImagePresence =
  | { readonly kind: "present"; readonly id: string }
  | { readonly kind: "absent" }
  /** It is there under this identity, and is of another architecture or stamp. */
  | { readonly kind: "wrong"; readonly why: string }
  | { readonly kind: "unknown"; readonly why: string };

export interface StoredImage {
  readonly id: string;
  readonly stamp?: string;
  readonly createdAt?: number;
  readonly inUse: boolean;
}

export interface PullRequest {
  /** `HOST[:PORT]/NAME@sha256:…` */
  readonly ref: string;
  readonly arch: string;
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Who asked the registry already (`resolveReference`) says so; absent: it is asked, so that a fault gets its name. */
  readonly layers?: readonly LayerSize[];
}

/** As the manifest names it: compressed. */
export interface LayerSize {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** One frame, as far as the engine says anything: nothing is made up. */
export interface PullFrame {
  /** The layer's digest, or what of it the engine shows (its first 12 digits); absent: of the whole pull. */
  readonly layer?: string;
  readonly status: string;
  /** Bytes. */
  readonly current?: number;
  readonly total?: number;
}

/** Digest of a reference by digest. */
export const digestOfRef = (ref: string): Digest => ref.slice(ref.lastIndexOf("@") + 1) as Digest;
