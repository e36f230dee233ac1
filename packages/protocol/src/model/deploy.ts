/** What a `deploy` step says of the container that it leaves running. Plain JSON, like all of a DAG. */

/** Of every step that leaves a container running. */
export const deployOutputs = ["id", "host", "url", "image", "path"] as const;

/** A step that leaves a container running on a worker's host, or removes it. */
export interface DeploySpec {
  readonly kind: "deploy";
  /** A name, or a template that gives one. The same name replaces what was there. */
  readonly name: string;
  readonly state: "running" | "absent";
  /** A profile of the agent library; absent: no agent. */
  readonly agent?: string;
  /** `base`, or a reference by digest. */
  readonly image: string;
  /** Absent: the image's own. */
  readonly command?: readonly string[];
  /** Of the container. */
  readonly env: { readonly [name: string]: string };
  readonly ports: readonly number[];
  readonly health?: HealthSpec;
  readonly restart: "always" | "on-failure" | "never";
  readonly resources: ResourcesSpec;
  readonly volumes: readonly { readonly name: string; readonly path: string; readonly readOnly: boolean }[];
  readonly replace: "stop-first" | "start-first";
  readonly rollback: "on-failure" | "never";
  /** Removed so long after it was deployed; absent: never. */
  readonly ttlMs?: number;
  /** How long it may wait for the image to arrive; absent: not at all. */
  readonly waitForImageMs?: number;
  /** With `absent`: its volumes go too. Absent: they stay. */
  readonly removeVolumes?: boolean;
}

/** One way to ask: `http`, `tcp` or `command`. */
export interface HealthSpec {
  /** A path. */
  readonly http?: string;
  readonly tcp?: boolean;
  readonly command?: readonly string[];
  readonly port?: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** For the first success. */
  readonly withinMs: number;
}

export interface ResourcesSpec {
  /** Cores. */
  readonly cpu?: number;
  /** Such as `512Mi`. */
  readonly memory?: string;
  readonly pids?: number;
}
