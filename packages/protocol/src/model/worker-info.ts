/** What a worker says of itself when it dials. */

import type { ContainerEngine } from "./base-image.ts";
import type { AttemptRef } from "./fence.ts";
import type { BootId, Digest, WorkerId } from "./ids.ts";
import type { ImageStatus } from "./image.ts";

export interface WorkerHello {
  readonly workerId: WorkerId;
  readonly bootId: BootId;
  readonly name: string;
  readonly version: string;
  /** Includes `arch`, `os` and `hostname`. */
  readonly labels: ReadonlyMap<string, string>;
  readonly slots: number;
  readonly snapshotMinVersion: number;
  readonly snapshotMaxVersion: number;
  readonly snapshotFeatures: readonly string[];
  /** A hint, at most 1,024. */
  readonly snapshotsHeld: readonly Digest[];
  /** Attempts that run there or whose result waits in its spool; every other lease of the worker is void. */
  readonly held: readonly AttemptRef[];
  /** Absent: it cannot deploy. */
  readonly engine?: ContainerEngine;
  /** All that its table has; absent: nothing. */
  readonly images?: readonly ImageStatus[];
}

/** `drained`: it was to be drained, and nothing of it runs any more. */
export const availabilities = ["open", "cordoned", "draining", "drained"] as const;
export type Availability = (typeof availabilities)[number];

export interface WorkerInfo {
  readonly id: WorkerId;
  readonly name: string;
  readonly connected: boolean;
  readonly version: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly connectedAt?: number;
  readonly lastSeenAt: number;
  /** Absent: it has no certificate. */
  readonly certificateExpiresAt?: number;
  /** Absent: it is not revoked. */
  readonly revokedAt?: number;
  readonly availability: Availability;
  /** Since when it gets nothing new. */
  readonly cordonedAt?: number;
  readonly cordonReason?: string;
  /** When what still runs is ended. */
  readonly drainDeadline?: number;
  /** Its process was told to stop. */
  readonly stopping?: boolean;
}

/** The fleet as it is, then what changed in it. */
export interface WorkerChanges {
  readonly workers: readonly WorkerInfo[];
  /** All that there are. */
  readonly complete: boolean;
}
