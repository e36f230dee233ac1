/** What coordinator and worker say to each other of one image, and what readers are told. */

import type { BootId, Digest, WorkerId } from "./ids.ts";
import type { ImageStatus } from "./image.ts";

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
