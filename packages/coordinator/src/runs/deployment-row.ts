/**
 * A deployment as the store keeps it: what stands under a name, where, and what a step is about to make of it. The row is
 * the truth; what workers see is compared with it (`deployment-reconcile.ts`), what steps report changes it
 * (`deployment-report.ts`). Plain JSON.
 */

import type {
  AttemptRef,
  ContainerState,
  DeploymentReport,
  DeploySpec,
  Digest,
  Selector,
  StepSecret,
  WorkerId,
} from "@haversack/protocol";

/** `absent`: nothing stands, and the row only keeps revisions from being given out twice. */
export const keptStates = [
  "running",
  "stopped",
  "missing",
  "needs-secrets",
  "orphan",
  "abandoned",
  "failed",
  "absent",
] as const;
export type KeptState = (typeof keptStates)[number];

export interface DeploymentRow {
  readonly name: string;
  readonly state: KeptState;
  /** That stands; 0: none does. */
  readonly revision: number;
  /** The highest that was given out. */
  readonly lastRevision: number;
  /** Of what stands. */
  readonly spec?: Digest;
  /** Where it stands, or where a lost attempt may have left something. Absent: the name is free to go anywhere. */
  readonly workerId?: WorkerId;
  /** Where something may stand that an operator gave up. */
  readonly abandonedOn?: WorkerId;
  /** The engine's id. */
  readonly container?: string;
  /** What was deployed last, for doing it again. */
  readonly content?: DeployContent;
  readonly pending?: PendingDeploy;
  /** Of the last deploy that had an effect. */
  readonly report?: DeploymentReport;
  /** What the last attempt failed with; absent: it did not. */
  readonly failure?: string;
  /** Wall clock, like all times here. */
  readonly deployedAt?: number;
  /** When its worker told of it last. */
  readonly seenAt?: number;
  readonly expiresAt?: number;
  /** The {@link expiresAt} for which a run was started. */
  readonly expiring?: number;
  readonly seen?: SeenContainer;
  /** Why the worker's engine could not say what it has. */
  readonly unavailable?: string;
  readonly restore?: Restoring;
  /** The step that deployed it. */
  readonly runId?: string;
  readonly stepId?: string;
}

/** What was asked for, every expression evaluated. */
export interface DeployContent {
  readonly image: string;
  readonly deploy: DeploySpec;
  /** Of its step. */
  readonly secrets?: readonly StepSecret[];
  readonly worker: Selector;
  readonly timeoutMs?: number;
  /** Of its agent. */
  readonly pinDigest?: Digest;
  readonly snapshotDigest?: Digest;
}

/** A step is at work, or was and nobody knows what it left. */
export interface PendingDeploy {
  readonly ref: AttemptRef;
  readonly workerId: WorkerId;
  /** The attempt has not ended. */
  readonly live: boolean;
  /** An attempt at this was lost: a container of {@link revision} may stand. */
  readonly dirty: boolean;
  readonly revision: number;
  /** Absent: the container is to go. */
  readonly target?: { readonly spec: Digest; readonly content: DeployContent };
  readonly since: number;
}

export interface SeenContainer {
  readonly state: ContainerState;
  readonly exitCode?: number;
  readonly lastLines?: string;
  readonly healthy?: boolean;
}

/** How often its secrets were to be filled in again, and when that may be tried next. */
export interface Restoring {
  readonly tries: number;
  readonly notBefore: number;
}

export const newDeployment = (name: string): DeploymentRow => ({
  name,
  state: "absent",
  revision: 0,
  lastRevision: 0,
});

/** Without these keys. */
export function without<K extends keyof DeploymentRow>(
  row: DeploymentRow,
  ...keys: K[]
): Omit<DeploymentRow, K> {
  const gone: ReadonlySet<string> = new Set(keys);
  return Object.fromEntries(Object.entries(row).filter(([key]) => !gone.has(key))) as Omit<DeploymentRow, K>;
}

/** What stood is gone; revisions go on counting. */
export function nothingStands(row: DeploymentRow, state: KeptState): DeploymentRow {
  const gone = [
    "spec",
    "workerId",
    "container",
    "expiresAt",
    "expiring",
    "seen",
    "unavailable",
    "restore",
  ] as const;
  return { ...without(row, ...gone), state, revision: 0 };
}
