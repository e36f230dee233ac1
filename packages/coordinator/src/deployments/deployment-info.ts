/** A deployment as people see it: what the store remembers, and whether anybody can say that it is still so. */

import { formatDuration } from "@haversack/base";
import type { DeploymentInfo, DeploymentState } from "@haversack/protocol";
import { awayBefore } from "../dispatch/heard-lately.ts";
import type { WorkerRegistry } from "../dispatch/worker-registry.ts";
import type { DeploymentRow } from "../runs/deployment-row.ts";
import type { StoredDeployment } from "../store/verbs/deployment-reads.ts";

export interface InfoParts {
  readonly registry: Pick<WorkerRegistry, "get">;
  /** There are other coordinators, to which workers may be connected. */
  readonly isShared: boolean;
  readonly now: number;
}

/** Undefined: nothing stands under the name, and nothing is about to. */
export function deploymentInfo(stored: StoredDeployment, parts: InfoParts): DeploymentInfo | undefined {
  const { row, workerName } = stored;
  const away = isAway(stored, parts);
  const state = stateOf(row, away);
  if (state === undefined) return undefined;
  const { name, revision, pending, content, seen, report } = row;
  const ref = pending?.live === true ? pending.ref : row;
  const note = noteOf(row, { state, away, workerName: workerName ?? "its worker", now: parts.now });
  const workerId = row.workerId ?? row.abandonedOn;
  return defined({
    name,
    revision,
    state,
    workerId,
    workerName: workerId === undefined ? undefined : workerName,
    container: row.container,
    image: (revision === 0 ? pending?.target?.content.image : undefined) ?? content?.image ?? "",
    report,
    deployedAt: row.deployedAt,
    seenAt: row.seenAt,
    expiresAt: row.expiresAt,
    exitCode: seen?.exitCode,
    lastLines: seen?.lastLines,
    healthy: seen?.healthy,
    runId: ref.runId,
    stepId: ref.stepId,
    note,
  });
}

type Loose<T> = { [K in keyof T]: T[K] | undefined };

const defined = (info: Loose<DeploymentInfo>): DeploymentInfo =>
  Object.fromEntries(
    Object.entries(info).filter(([, value]) => value !== undefined),
  ) as unknown as DeploymentInfo;

function isAway({ row, workerSeenAt }: StoredDeployment, { registry, isShared, now }: InfoParts): boolean {
  if (row.workerId === undefined || registry.get(row.workerId) !== undefined) return false;
  return !isShared || workerSeenAt === undefined || workerSeenAt < awayBefore(now);
}

function stateOf(row: DeploymentRow, away: boolean): DeploymentState | undefined {
  const { pending, revision, state, workerId, unavailable } = row;
  const isMade = pending?.live === true && pending.target !== undefined;
  if (revision === 0 && isMade) return away ? "unknown" : "deploying";
  if (workerId !== undefined && (away || unavailable !== undefined)) return "unknown";
  return state === "absent" ? undefined : state;
}

interface Told {
  readonly state: DeploymentState;
  readonly away: boolean;
  readonly workerName: string;
  readonly now: number;
}

function noteOf(row: DeploymentRow, told: Told): string | undefined {
  const notes = [...workNotes(row), ...stateNotes(row, told)];
  if (row.failure !== undefined) notes.push(`the last deploy failed: ${row.failure}`);
  return notes.length === 0 ? undefined : notes.join("; ");
}

function workNotes({ pending, revision }: DeploymentRow): string[] {
  if (pending?.live !== true || revision === 0) return [];
  const { runId, stepId } = pending.ref;
  return [
    `${runId}/${stepId} ${pending.target === undefined ? "removes it" : `deploys revision ${pending.revision}`}`,
  ];
}

function stateNotes(
  { name, seenAt, unavailable }: DeploymentRow,
  { state, away, workerName, now }: Told,
): string[] {
  if (state === "unknown" && away) {
    const ago =
      seenAt === undefined ? "" : `, which told of it ${formatDuration(Math.max(0, now - seenAt))} ago`;
    return [`${workerName}${ago}, is not connected; haversack undeploy ${name} --abandon gives it up`];
  }
  if (state === "unknown") return [`${workerName} cannot say what it has: ${unavailable ?? "unknown"}`];
  if (state === "missing") return [`its container is gone; haversack deploy --again ${name}`];
  if (state === "stopped") return [`haversack deploy --again ${name} starts it again`];
  if (state === "needs-secrets")
    return ["its host was restarted; its secrets are filled in again before it starts"];
  if (state === "orphan")
    return [`no record tells how it was made; haversack undeploy ${name}, or deploy something in its place`];
  if (state === "abandoned") return [`goes when ${workerName} returns`];
  return [];
}
