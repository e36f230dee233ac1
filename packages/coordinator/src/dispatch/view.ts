/** The picture from which placement is decided. Plain data: no clock, no store, no promise. */

import type { FormatRange } from "@haversack/snapshot";
import type { ReadyStep } from "../store/verbs/step-verbs.ts";

export interface FleetView {
  /** In the order in which they should go out. */
  readonly steps: readonly ViewStep[];
  readonly workers: readonly ViewWorker[];
}

export type ViewStep = Pick<
  ReadyStep,
  "runId" | "index" | "kind" | "labels" | "pinDigest" | "snapshotDigest"
> & {
  /** What the step's pack asks of its reader; absent for a step without one. */
  readonly pack?: PackNeeds;
};

export interface PackNeeds {
  readonly formatVersion: number;
  readonly requires: readonly string[];
}

export interface ViewWorker {
  readonly id: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Tasks that may be sent to it now. */
  readonly credits: number;
  readonly snapshotMinVersion: number;
  readonly snapshotMaxVersion: number;
  readonly snapshotFeatures: readonly string[];
  readonly snapshotsHeld: ReadonlySet<string>;
}

export type Unplaced =
  | { readonly why: "no-worker" }
  | { readonly why: "no-label"; readonly label: string; readonly value: string }
  | { readonly why: "snapshot-version"; readonly version: number; readonly reads: FormatRange }
  | { readonly why: "snapshot-feature"; readonly feature: string; readonly known: readonly string[] }
  | { readonly why: "no-free-slot" };

export interface Plan {
  readonly placed: readonly { readonly step: ViewStep; readonly workerId: string }[];
  readonly unplaced: readonly { readonly step: ViewStep; readonly reason: Unplaced }[];
}
