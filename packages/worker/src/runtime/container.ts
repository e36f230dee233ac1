/** A container: what is asked of an engine, and what an engine says of it. */

export interface ContainerSpec {
  readonly name: string;
  /** An image id, a fingerprint, or a reference by digest that is present. */
  readonly image: string;
  readonly arch: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Replaces the image's; absent: the image's own. */
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  /** `UID:GID`; absent: the image's. */
  readonly user?: string;
  readonly ports: readonly PortSpec[];
  readonly mounts: readonly MountSpec[];
  /** Memory file systems, by path in the container; bytes. */
  readonly tmpfs: ReadonlyMap<string, number>;
  readonly readOnlyRoot: boolean;
  /** Capabilities that stay, such as `CHOWN`; all others are dropped. */
  readonly capabilities: readonly string[];
  readonly limits: { readonly cpuMillis: number; readonly memoryBytes: number; readonly pids: number };
  readonly restart: "always" | "on-failure" | "never";
  /** A network of the container's own, with a way out; `none`: loopback only. */
  readonly network: "own" | "none";
}

export interface PortSpec {
  readonly containerPort: number;
  readonly address: string;
  /** 0: any free one. */
  readonly hostPort: number;
}

/** A folder or file of the host. */
export interface MountSpec {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** As the engine says it; what it does not say is absent. */
export interface ContainerView {
  readonly id: string;
  readonly name: string;
  /** The image's id. */
  readonly image: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly state: "created" | "running" | "exited";
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Within the container's own network, reached from the host. */
  readonly address?: string;
  readonly ports: readonly PortSpec[];
  readonly mounts: readonly MountSpec[];
  readonly readOnlyRoot?: boolean;
  readonly privileged?: boolean;
  readonly capabilities?: readonly string[];
  readonly user?: string;
  /** What is added to the number of a user or group inside for the one that the host sees; absent: nothing. */
  readonly idShift?: number;
  /** Namespaces of the host that it shares, such as `pid`. */
  readonly hostNamespaces: readonly string[];
  readonly devices: readonly string[];
  readonly limits: { readonly cpuMillis?: number; readonly memoryBytes?: number; readonly pids?: number };
  /** As it was asked for, also of an engine that leaves it to the worker. */
  readonly restart?: "always" | "on-failure" | "never";
}

export interface LogOptions {
  /** Lines from the end; absent: all. */
  readonly tail?: number;
  readonly follow: boolean;
}

export interface ExecSpec {
  readonly argv: readonly string[];
  readonly env?: ReadonlyMap<string, string>;
  readonly user?: string;
  readonly outputMax: number;
  /** Hears of the output as it comes. */
  readonly onOutput?: (data: Uint8Array) => void;
}

export interface ExecEnd {
  readonly exitCode: number;
  readonly output: Uint8Array;
}

export interface ContainerFile {
  readonly path: string;
  readonly data: Uint8Array;
  /** Such as 0o400. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}
