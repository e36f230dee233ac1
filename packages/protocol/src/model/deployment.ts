/** Deployments: what a worker is to leave running, how that went, and what stands. */

import type { BaseImage, ImageRecipe } from "./base-image.ts";
import type { Digest } from "./ids.ts";
import type { SnapshotDescriptor } from "./snapshot-descriptor.ts";

/** A `deploy` step with every expression evaluated. */
export interface DeployWork {
  readonly kind: "deploy";
  readonly name: string;
  /** Of this spec. The container is named `hv-NAME-REVISION`. */
  readonly revision: number;
  /** The revision that stands now on the worker. */
  readonly replaces?: number;
  /** Of all that decides what runs: equal ones need no new container. */
  readonly spec: Digest;
  /** The container is to go. */
  readonly absent: boolean;
  /** With `absent`: the volumes go too. */
  readonly removeVolumes: boolean;
  /** Which fleet it belongs to: engines may be shared. */
  readonly cluster: string;
  /** `base`, or a reference by digest. */
  readonly image: string;
  /** Empty: the image's own. */
  readonly command: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly ports: readonly number[];
  readonly health?: DeployHealth;
  readonly restart: "always" | "on-failure" | "never";
  readonly resources: DeployResources;
  readonly volumes: readonly DeployVolume[];
  /** The new container starts beside the old one. */
  readonly startFirst: boolean;
  /** A failed replacement brings the old one back. */
  readonly rollback: boolean;
  /** 0: it does not wait for the image. */
  readonly waitForImageMs: number;
  /** Absent: the coordinator knows no base image. */
  readonly base?: BaseImage;
  readonly recipe?: ImageRecipe;
  /** The container stands and lacks its secrets: they are filled in again. */
  readonly restore: boolean;
  /** Of its agent. */
  readonly snapshot?: SnapshotDescriptor;
}

export interface DeployHealth {
  readonly probe:
    | { readonly kind: "http"; readonly path: string }
    | { readonly kind: "tcp" }
    | { readonly kind: "command"; readonly argv: readonly string[] };
  /** Not of a command. */
  readonly port?: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly withinMs: number;
}

/** Absent: the worker's own bound. */
export interface DeployResources {
  readonly cpuMillis?: number;
  readonly memoryBytes?: number;
  readonly pids?: number;
}

export interface DeployVolume {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/**
 * `started`: a container of the task's revision runs. `unchanged`: it did already. `rolled-back`: it failed, the one
 * before stands. `none`: it failed, nothing stands.
 */
export const deployEffects = ["started", "unchanged", "removed", "rolled-back", "none"] as const;
export type DeployEffect = (typeof deployEffects)[number];

export const deployPhases = [
  "inspect",
  "choose",
  "wait",
  "pull",
  "create",
  "confirm",
  "start",
  "build",
  "secrets",
  "alive",
  "health",
  "switch",
  "settle",
] as const;
export type DeployPhaseName = (typeof deployPhases)[number];

/** How a deploy went, also when it failed. */
export interface DeploymentReport {
  readonly name: string;
  readonly revision: number;
  readonly spec: Digest;
  readonly effect: DeployEffect;
  /** The engine's id of what stands now. */
  readonly container?: string;
  readonly engine: string;
  readonly path?: "image" | "build";
  /** Why that path, for people. */
  readonly reason: string;
  readonly imageDigest?: Digest;
  readonly stamp?: string;
  /** The image path was tried first. */
  readonly fellBack: boolean;
  readonly phases: readonly { readonly name: DeployPhaseName; readonly ms: number }[];
  readonly host: string;
  readonly ports: readonly PublishedPort[];
  /** In order. */
  readonly failures: readonly string[];
}

export interface PublishedPort {
  readonly containerPort: number;
  readonly address: string;
  readonly hostPort: number;
}
