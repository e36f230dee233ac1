/** One row for each worker: what it has of the base image, and what can be asked of it. Pure. */

import {
  type ContainerEngine,
  type Identity,
  imageStatesInFlight,
  type WorkerId,
  type WorkerImage,
  wantedDigest,
} from "@haversack/protocol";
import type { State } from "./state.ts";

export interface ImageRow {
  readonly workerId: WorkerId;
  readonly workerName: string;
  readonly isConnected: boolean;
  readonly lastSeenAt?: number;
  /** Absent: of a worker that is away, or that cannot deploy. */
  readonly engine?: ContainerEngine;
  /** It is here and has no container engine. */
  readonly cannotDeploy: boolean;
  /** Of the base image; absent: nothing was said of it yet. */
  readonly image?: WorkerImage;
  /** Other digests and references, newest first. */
  readonly others: readonly WorkerImage[];
}

/** Connected workers first, then by name. Workers that were revoked or never had an engine to speak of are left out. */
export function imageRows(state: State): readonly ImageRow[] {
  const byWorker = Map.groupBy(state.images.values(), ({ workerId }) => workerId);
  const ids = new Set<WorkerId>([...state.workers.keys(), ...byWorker.keys(), ...state.engines.keys()]);
  const rows = [...ids].flatMap((id) => rowOf(state, id, byWorker.get(id) ?? []) ?? []);
  return rows.toSorted(
    (a, b) => Number(b.isConnected) - Number(a.isConnected) || a.workerName.localeCompare(b.workerName),
  );
}

function rowOf(state: State, id: WorkerId, images: readonly WorkerImage[]): ImageRow | undefined {
  const worker = state.workers.get(id);
  const isConnected = worker?.connected ?? state.engines.has(id);
  if (worker?.revokedAt !== undefined || (!isConnected && images.length === 0)) return undefined;
  const engine = isConnected ? state.engines.get(id) : undefined;
  const newest = images.toSorted((a, b) => b.status.since - a.status.since);
  const wanted = wantedDigest(state.base, engine);
  const image =
    newest.find(({ status }) => status.digest === wanted) ??
    newest.find(({ status }) => status.ref === "base");
  return {
    workerId: id,
    workerName: worker?.name ?? images[0]?.workerName ?? id,
    isConnected,
    ...(worker === undefined ? {} : { lastSeenAt: worker.lastSeenAt }),
    ...(engine === undefined ? {} : { engine }),
    cannotDeploy: isConnected && state.engines.has(id) && engine === undefined,
    ...(image === undefined ? {} : { image }),
    others: newest.filter((each) => each !== image),
  };
}

/** Why it cannot be asked now; undefined: it can. */
export function whyNoPull(row: ImageRow, who: Identity): string | undefined {
  const { image, isConnected, cannotDeploy } = row;
  const state = image?.status.state;
  return (
    whyNotAllowed(who) ??
    (isConnected ? undefined : "The worker is away") ??
    (cannotDeploy ? "The worker has no container engine" : undefined) ??
    (state === "ready" ? "It is there already" : undefined) ??
    (state === "unsupported" ? "There is none for this architecture or engine" : undefined) ??
    (state !== undefined && imageStatesInFlight.has(state) ? "It is on its way already" : undefined)
  );
}

/** Why it cannot be asked now; undefined: it can. */
export function whyNoCancel(row: ImageRow, who: Identity): string | undefined {
  return whyNotAllowed(who) ?? (row.isConnected ? undefined : "The worker is away");
}

/** There is something to cancel: a flight, or a failure that is tried again. */
export const canEnd = ({ image }: ImageRow): boolean =>
  image !== undefined &&
  (imageStatesInFlight.has(image.status.state) || image.status.failure?.retryAt !== undefined);

export const mayOperate = ({ role }: Identity): boolean =>
  role === "operator" || role === "editor" || role === "admin";

const whyNotAllowed = (who: Identity): string | undefined =>
  mayOperate(who) ? undefined : `The role ${who.role} may look only; this needs the role operator`;
