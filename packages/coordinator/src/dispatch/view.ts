/** The picture from which placement is decided. Plain data: no clock, no store, no promise. */

import type { ContainerEngine, Digest, RunId } from "@haversack/protocol";
import type { FormatRange } from "@haversack/snapshot";
import type { QueueKey } from "../runs/queue-key.ts";

export interface FleetView {
  /** In the order in which they should go out. */
  readonly steps: readonly ViewStep[];
  readonly workers: readonly ViewWorker[];
}

/** What decides who may run a step: the same object for all steps of a queue. */
export interface ViewQueue extends Pick<QueueKey, "selector" | "pack" | "deployment"> {
  /** The worker on which what its steps deploy stands, which is the one to change it. */
  readonly standsOn?: { readonly id: string; readonly name: string };
}

export interface ViewStep {
  readonly runId: RunId;
  readonly index: number;
  readonly queue: ViewQueue;
  readonly pinDigest?: Digest;
  readonly snapshotDigest?: Digest;
}

export interface ViewWorker {
  readonly id: string;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Tasks that may be sent to it now. */
  readonly credits: number;
  /** Why it gets nothing new. */
  readonly closed?: "cordoned" | "stopping";
  readonly snapshotMinVersion: number;
  readonly snapshotMaxVersion: number;
  readonly snapshotFeatures: readonly string[];
  readonly snapshotsHeld: ReadonlySet<string>;
  /** Digests of images, and `base` for the base image; absent: none. */
  readonly imagesReady?: ReadonlySet<string>;
  /** What runs containers there; absent: nothing does. */
  readonly engine?: ContainerEngine;
  /** How much is deployed there; absent: nobody counted. */
  readonly deployments?: number;
}

export type Unplaced =
  | { readonly why: "no-worker" }
  /** @property unmet the tests that the nearest worker does not pass, and what it has instead */
  | { readonly why: "no-label"; readonly unmet: readonly Unmet[]; readonly nearest: string }
  | { readonly why: "snapshot-version"; readonly version: number; readonly reads: FormatRange }
  | { readonly why: "snapshot-feature"; readonly feature: string; readonly known: readonly string[] }
  /** @property nearest a worker, and why it cannot deploy */
  | { readonly why: "no-engine"; readonly nearest: string }
  /** @property names of workers that could run it otherwise */
  | { readonly why: "only-deploys"; readonly names: readonly string[] }
  | { readonly why: "deployment-on-lost-worker"; readonly name: string; readonly worker: string }
  /** @property obstacle why the worker where it stands cannot change it */
  | {
      readonly why: "deployment-elsewhere";
      readonly name: string;
      readonly worker: string;
      readonly obstacle: string;
    }
  /** @property names of those that could run it, which get nothing new */
  | { readonly why: "cordoned" | "stopping"; readonly names: readonly string[] }
  /** @property able workers that could run it */
  | { readonly why: "no-free-slot"; readonly able: number };

export interface Unmet {
  /** Such as `pool=gpu`. */
  readonly test: string;
  readonly label: string;
  /** Absent: the worker does not have the label. */
  readonly has?: string;
}

export interface Plan<S extends ViewStep = ViewStep> {
  readonly placed: readonly { readonly step: S; readonly workerId: string }[];
  readonly unplaced: readonly { readonly step: S; readonly reason: Unplaced }[];
}
