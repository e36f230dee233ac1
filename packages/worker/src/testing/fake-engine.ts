/** What the parts of the container engine in memory share: its images, its containers, and the door that each call goes through. */

import type { Clock } from "@haversack/base";
import type { ContainerFile, ContainerSpec, ContainerView } from "../runtime/container.ts";
import type { PullFrame, Runtime } from "../runtime/runtime.ts";

export type Verb = Exclude<keyof Runtime, "logs" | "watch" | "close">;

export interface FakeImage {
  readonly id: string;
  readonly otherId?: string;
  readonly arch: string;
  readonly stamp?: string;
  readonly createdAt?: number;
}

export interface FakeContainer {
  readonly id: string;
  readonly spec: ContainerSpec;
  readonly files: ReadonlyMap<string, ContainerFile>;
  readonly view: ContainerView;
  /** How often it was started. */
  readonly starts: number;
}

/** What the verbs share. */
export interface FakeEngine {
  readonly clock: Clock;
  readonly images: Map<string, FakeImage>;
  readonly containers: Map<string, FakeContainer>;
  readonly watchers: Set<() => void>;
  /** Notes the call; fails, waits or goes on as the test says. */
  enter(
    verb: Verb,
    about: string,
    signal: AbortSignal,
    onProgress?: (told: number | PullFrame) => void,
  ): Promise<void>;
}
