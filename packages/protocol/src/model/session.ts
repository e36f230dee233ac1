/** What the two ends of a session say to each other, as nouns. `wire/session-wire.ts` maps them to protobuf. */

import type { BaseImage, ContainerEngine } from "./base-image.ts";
import type { DeploymentLogOrder, ObservedDeployments, UnwantedContainer } from "./deployment-info.ts";
import type { AttemptRef, Refusal } from "./fence.ts";
import type { Digest, Generation } from "./ids.ts";
import type { ImageStatus } from "./image.ts";
import type { ImageAnswer, ImageOrder } from "./image-order.ts";
import type { AttemptResult, LogChunk, LogStream } from "./outcome.ts";
import type { Task } from "./task.ts";
import type { WorkerHello } from "./worker-info.ts";

/** What came into a worker's cache of packs and what left it since it was told last; a hint. */
export interface CacheChanges {
  readonly snapshotsAdded: readonly Digest[];
  readonly snapshotsEvicted: readonly Digest[];
}

/** What a worker says beside its attempts: of its images, its engine and what stands on it. */
export type UpwardBeside = Extract<
  Upward,
  { kind: "images" | "imageAnswer" | "imagePermit" | "deployments" | "engine" }
>;

/** What is asked of a worker beside its attempts. */
export type DownwardBeside = Extract<
  Downward,
  { kind: "baseImage" | "imageOrder" | "imagePermit" | "removeContainers" | "deploymentLog" }
>;

/** Worker to coordinator. */
export type Upward =
  | { readonly kind: "hello"; readonly hello: WorkerHello }
  /** How many tasks may have been sent on this stream in all. */
  | {
      readonly kind: "credits";
      readonly grantedTotal: number;
      /** The worker stops: what was granted and not used is void. */
      readonly closed?: boolean;
    }
  | ({
      readonly kind: "heartbeat";
      readonly seq: number;
      readonly held: readonly AttemptRef[];
    } & CacheChanges)
  | { readonly kind: "started"; readonly refs: readonly AttemptRef[] }
  | { readonly kind: "logs"; readonly chunks: readonly LogChunk[] }
  | { readonly kind: "results"; readonly results: readonly AttemptResult[] }
  /** Transitions, in order, and progress at most once a second for an image. */
  | { readonly kind: "images"; readonly statuses: readonly ImageStatus[] }
  | { readonly kind: "imageAnswer"; readonly answer: ImageAnswer }
  /** It begins by itself when no answer comes. */
  | { readonly kind: "imagePermit"; readonly digest: Digest }
  | ({ readonly kind: "deployments" } & ObservedDeployments)
  | { readonly kind: "engine"; readonly engine: ContainerEngine };

export interface Welcome {
  readonly generation: Generation;
  readonly coordinatorVersion: string;
  /** A duration, never a date: clocks of two machines are not compared. */
  readonly leaseTtlMs: number;
  readonly heartbeatIntervalMs: number;
}

/** What an operator wants of a worker. */
export interface WorkerOrder {
  /** It gets nothing new. */
  readonly cordoned: boolean;
  /** And hands back what it has not started. */
  readonly draining: boolean;
  /** After so long it ends what still runs and hands it back. */
  readonly endInMs?: number;
}

export interface LogAck {
  readonly ref: AttemptRef;
  readonly stream: LogStream;
  readonly nextOffset: number;
}

/** Coordinator to worker. */
export type Downward =
  | { readonly kind: "welcome"; readonly welcome: Welcome }
  | { readonly kind: "tasks"; readonly tasks: readonly Task[] }
  | { readonly kind: "cancels"; readonly refs: readonly AttemptRef[] }
  | { readonly kind: "heartbeatAck"; readonly seq: number }
  | { readonly kind: "logAcks"; readonly acks: readonly LogAck[] }
  | { readonly kind: "resultAcks"; readonly refs: readonly AttemptRef[] }
  | { readonly kind: "refusals"; readonly refusals: readonly Refusal[] }
  | ({ readonly kind: "availability" } & WorkerOrder)
  | { readonly kind: "baseImage"; readonly base: BaseImage }
  | { readonly kind: "imageOrder"; readonly order: ImageOrder }
  | { readonly kind: "imagePermit"; readonly digest: Digest }
  | { readonly kind: "removeContainers"; readonly containers: readonly UnwantedContainer[] }
  | { readonly kind: "deploymentLog"; readonly order: DeploymentLogOrder }
  | {
      readonly kind: "goodbye";
      readonly reason: string;
      readonly retryAfterMs: number;
      readonly final: boolean;
    };
