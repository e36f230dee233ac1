/** What an attempt at a deploy is told when it begins: which revision it makes, and what it replaces. Pure. */

import type { AttemptRef, Digest, WorkerId } from "@haversack/protocol";
import {
  type DeployContent,
  type DeploymentRow,
  newDeployment,
  type PendingDeploy,
  without,
} from "./deployment-row.ts";

export interface DeployAsked {
  readonly name: string;
  readonly ref: AttemptRef;
  readonly workerId: WorkerId;
  /** Absent: it is to go. */
  readonly target?: { readonly spec: Digest; readonly content: DeployContent };
  /** Its run was made to fill in the secrets of what stands. */
  readonly isRestore: boolean;
  readonly now: number;
}

export interface DeployBegun {
  readonly kind: "begun";
  readonly row: DeploymentRow;
  readonly revision: number;
  readonly replaces?: number;
  /** Absent: it is to go. */
  readonly spec?: Digest;
  readonly restore: boolean;
}

export type DeployAnswer =
  | DeployBegun
  /** It stands on another worker, which is the one to do it. */
  | { readonly kind: "elsewhere"; readonly workerId: WorkerId }
  /** It was to be restored, and does not stand any more. */
  | { readonly kind: "gone" };

/**
 * The same as what an earlier attempt was at has that one's revision, so that a container which it left is adopted; the
 * same as what stands has the standing one, so that nothing is touched. Anything else is a revision that never was.
 */
export function beginDeploy(known: DeploymentRow | undefined, asked: DeployAsked): DeployAnswer {
  const row = known ?? newDeployment(asked.name);
  if (row.workerId !== undefined && row.workerId !== asked.workerId) {
    return { kind: "elsewhere", workerId: row.workerId };
  }
  if (asked.target === undefined) return begun(row, asked, row.revision || row.lastRevision);
  if (asked.isRestore) return restored(row, asked);
  return begun(row, asked, revisionFor(row, asked.target.spec), asked.target);
}

function revisionFor({ pending, revision, spec, lastRevision }: DeploymentRow, wanted: Digest): number {
  if (pending?.target?.spec === wanted) return pending.revision;
  return revision > 0 && spec === wanted ? revision : lastRevision + 1;
}

/** Exactly what stands, whatever has changed since. */
function restored(row: DeploymentRow, asked: DeployAsked): DeployAnswer {
  const { revision, spec, content } = row;
  if (revision === 0 || spec === undefined || content === undefined) return { kind: "gone" };
  const answer = begun(row, asked, revision, { spec, content });
  return { ...answer, restore: row.state === "needs-secrets" };
}

function begun(
  row: DeploymentRow,
  { ref, workerId, now }: DeployAsked,
  revision: number,
  target?: PendingDeploy["target"],
): DeployBegun {
  const dirty = row.pending?.dirty === true;
  const own = { ref, workerId, live: true, dirty, revision, since: now };
  const pending: PendingDeploy = target === undefined ? own : { ...own, target };
  const lastRevision = Math.max(row.lastRevision, revision);
  const replaces = row.revision > 0 && row.revision !== revision ? { replaces: row.revision } : {};
  return {
    kind: "begun",
    row: { ...without(row, "failure"), workerId, lastRevision, pending },
    revision,
    ...replaces,
    ...(target === undefined ? {} : { spec: target.spec }),
    restore: false,
  };
}
