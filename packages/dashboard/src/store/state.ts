/** What the page knows. Everything that it shows is worked out from this, and only `reduce.ts` changes it. */

import type {
  BaseImage,
  ContainerEngine,
  DeploymentInfo,
  Identity,
  WorkerId,
  WorkerImage,
  WorkerInfo,
} from "@haversack/protocol";

export type Session =
  | { readonly kind: "signed-out"; readonly problem?: string }
  /** A token is being tried. `problem`: nobody answers. */
  | { readonly kind: "checking"; readonly problem?: string }
  | { readonly kind: "signed-in"; readonly who: Identity };

/** The streams of the server. A lost one says nothing of what it told about. */
export type Link =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "reconnecting"; readonly why: string; readonly since: number };

/** What a person asked of the base image of a worker. */
export interface Asked {
  readonly verb: "pull" | "cancel";
  /** Undefined: there is no answer yet. */
  readonly problem?: string;
}

export interface Deployments {
  readonly list: readonly DeploymentInfo[];
  /** Why the list is an old one. */
  readonly problem?: string;
}

export interface State {
  readonly session: Session;
  readonly link: Link;
  /** By {@link imageKey}. */
  readonly images: ReadonlyMap<string, WorkerImage>;
  readonly workers: ReadonlyMap<WorkerId, WorkerInfo>;
  /** Of connected workers; undefined as a value: it has none. */
  readonly engines: ReadonlyMap<WorkerId, ContainerEngine | undefined>;
  readonly base?: BaseImage;
  /** The server has told what there is. */
  readonly isComplete: boolean;
  /** By worker. */
  readonly asked: ReadonlyMap<WorkerId, Asked>;
  /** Undefined: nobody has looked yet. */
  readonly deployments?: Deployments;
  /** For who hears the page: the last few, `no` grows with each. */
  readonly said: readonly { readonly no: number; readonly text: string }[];
}

export const imageKey = ({ workerId, status }: Pick<WorkerImage, "workerId" | "status">): string =>
  `${workerId} ${status.digest}`;

export const firstState: State = {
  session: { kind: "checking" },
  link: { kind: "connecting" },
  images: new Map(),
  workers: new Map(),
  engines: new Map(),
  isComplete: false,
  asked: new Map(),
  said: [],
};
