/** Deployments as they stand: what workers see, and what the coordinator makes of it. */

import type { DeploymentReport } from "./deployment.ts";
import type { Digest, WorkerId } from "./ids.ts";

export const containerStates = ["created", "running", "exited", "needs-secrets"] as const;
export type ContainerState = (typeof containerStates)[number];

/** A container of the cluster, as its worker sees it. */
export interface ObservedDeployment {
  readonly name: string;
  readonly revision: number;
  readonly spec: Digest;
  /** The engine's id. */
  readonly container: string;
  readonly state: ContainerState;
  readonly exitCode?: number;
  /** Of one that ended. */
  readonly lastLines?: string;
  readonly startedAt?: number;
  readonly healthy?: boolean;
  /** A step is at work on it: nothing is concluded from what is seen. */
  readonly busy: boolean;
}

/** The whole list, or why there is none. */
export interface ObservedDeployments {
  readonly deployments: readonly ObservedDeployment[];
  readonly unavailable?: string;
}

export interface UnwantedContainer {
  readonly name: string;
  readonly revision: number;
  readonly container: string;
}

export interface DeploymentLogOrder {
  readonly id: number;
  readonly name: string;
  readonly revision: number;
  /** Lines from the end; 0: all. */
  readonly tail: number;
  readonly follow: boolean;
  /** The reader is gone. */
  readonly end: boolean;
}

export const deploymentStates = [
  "deploying",
  "running",
  "stopped",
  "missing",
  "unknown",
  "needs-secrets",
  "orphan",
  "abandoned",
  "failed",
] as const;
export type DeploymentState = (typeof deploymentStates)[number];

/** As its coordinator knows it. */
export interface DeploymentInfo {
  readonly name: string;
  /** 0: none has stood yet. */
  readonly revision: number;
  readonly state: DeploymentState;
  readonly workerId?: WorkerId;
  readonly workerName?: string;
  readonly container?: string;
  readonly image: string;
  readonly report?: DeploymentReport;
  readonly deployedAt?: number;
  readonly seenAt?: number;
  readonly expiresAt?: number;
  readonly exitCode?: number;
  readonly lastLines?: string;
  readonly healthy?: boolean;
  readonly runId?: string;
  readonly stepId?: string;
  /** Why a deploy of the name waits, or what an operator can do. */
  readonly note?: string;
}
