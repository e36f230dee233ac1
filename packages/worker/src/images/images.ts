/** The images of this worker, as the deploy executor and the session see them. */

import type {
  BaseImage,
  BaseImageFile,
  Digest,
  ImageAnswer,
  ImageCause,
  ImageOrder,
  ImageStatus,
} from "@haversack/protocol";
import type { ImageIdentity } from "../runtime/runtime.ts";

export interface Images {
  /** What a task's base image is on this worker; undefined: there is none for its architecture or engine. */
  baseFor(base: BaseImage): WantedImage | undefined;
  /** Asks the engine, at most 2 s. Takes a lease when it is there, so that nothing of ours removes it meanwhile. */
  choose(image: WantedImage, holder: string): Promise<ImageChoice>;
  /** Begins a flight, or joins the one that is under way. Never throws, and tells its caller nothing (F1). */
  ensure(image: WantedImage, cause: ImageCause, asked: string): void;
  /** For a step that waits for the image: resolves with whether it is ready, never rejects. */
  ready(image: WantedImage, withinMs: number, signal: AbortSignal): Promise<boolean>;
  /**
   * Of a reference by digest that a task needs: resolves when it is there; rejects with FaultError whose code is that of
   * the flight's failure.
   */
  fetchReference(ref: string, asked: string, signal: AbortSignal): Promise<ImageLease>;
  /**
   * What a reference by tag means now, as a reference by digest: asked of its registry, or, when that does not answer, of
   * the engine. Rejects as {@link fetchReference} does.
   */
  resolveReference(ref: string, signal: AbortSignal): Promise<string>;
  /** The engine said, when a container was to be created of it, that it is not there, or not what it should be. */
  turnedOut(image: WantedImage, how: "absent" | "corrupt", why: string): void;
  /** What the coordinator holds for the base image; changes what is wanted. */
  wanted(base: BaseImage): void;
  order(order: ImageOrder): Promise<ImageAnswer>;
  permitted(digest: Digest): void;
  /** The whole table, for the hello. */
  statuses(): readonly ImageStatus[];
  /** Leases by label of the containers that stand, after the engine was listed. */
  leasesOf(containers: readonly { readonly holder: string; readonly imageId: string }[]): void;
}

export interface WantedImage {
  readonly digest: Digest;
  readonly ref: string;
  readonly stamp: string;
  readonly identity: ImageIdentity;
  readonly file?: BaseImageFile;
}

export type ImageChoice =
  | { readonly kind: "image"; readonly lease: ImageLease }
  /** Why it is not taken, for people. */
  | { readonly kind: "build"; readonly why: string };

/** Ended once; ending it twice changes nothing. */
export interface ImageLease {
  readonly digest: Digest;
  /** By which the engine knows the image. */
  readonly imageId: string;
  end(): void;
}
