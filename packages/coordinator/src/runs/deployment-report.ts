/** What the end of an attempt makes of its deployment. Pure; applied in the transaction that ends the attempt. */

import { type AttemptRef, type DeploymentReport, refKey } from "@haversack/protocol";
import { type DeploymentRow, nothingStands, type PendingDeploy, without } from "./deployment-row.ts";
import type { AttemptEnding } from "./step-moves.ts";

export interface DeployEnd {
  readonly ref: AttemptRef;
  readonly ending: AttemptEnding;
  /** Absent: it never began, or nobody knows. */
  readonly report?: DeploymentReport;
  /** What the attempt failed with. */
  readonly failure?: string;
  readonly now: number;
}

/** How much later what could not be removed is to be removed. */
const expireAgainMs = 600_000;

/** An end that is not that of the attempt which is at work changes nothing. */
export function applyReport(row: DeploymentRow, end: DeployEnd): DeploymentRow {
  const { pending } = row;
  if (pending === undefined || !pending.live || refKey(pending.ref) !== refKey(end.ref)) return row;
  const told = end.failure === undefined ? {} : { failure: end.failure };
  if (end.report === undefined) return unreported(row, pending, end, told);
  const rest: DeploymentRow = { ...without(row, "pending", "failure"), ...told };
  if (pending.target === undefined) return afterRemoval(rest, end.report, end.now);
  return afterDeploy(rest, pending, end.report, end);
}

/** The revision stays its own: if it did make a container, the next attempt at the same finds it. */
function unreported(
  row: DeploymentRow,
  pending: PendingDeploy,
  { ending }: DeployEnd,
  told: Pick<DeploymentRow, "failure">,
): DeploymentRow {
  const dirty = pending.dirty || ending === "lost";
  const after: DeploymentRow = { ...row, ...told, pending: { ...pending, live: false, dirty } };
  if (row.revision > 0) return after;
  const state = row.state === "absent" && pending.target === undefined ? row.state : "failed";
  return dirty
    ? { ...after, state }
    : { ...without(after, "workerId", "pending"), state: ending === "returned" ? row.state : state };
}

function afterRemoval(row: DeploymentRow, { effect }: DeploymentReport, now: number): DeploymentRow {
  if (effect === "removed") return without(nothingStands(row, "absent"), "failure");
  if (row.expiresAt === undefined || row.expiring === undefined) return row;
  return { ...without(row, "expiring"), expiresAt: now + expireAgainMs };
}

function afterDeploy(
  row: DeploymentRow,
  pending: PendingDeploy,
  report: DeploymentReport,
  { ref, ending, now }: DeployEnd,
): DeploymentRow {
  const { target, revision, workerId } = pending;
  const stands = row.revision > 0;
  if (target === undefined) return row;
  const content = stands || row.content !== undefined ? {} : { content: target.content };
  switch (report.effect) {
    case "started":
    case "unchanged": {
      const isNew = report.effect === "started" || row.revision !== revision || row.report === undefined;
      const { ttlMs } = target.content.deploy;
      const ours = without(
        row,
        "expiresAt",
        "expiring",
        "restore",
        "unavailable",
        ...(ending === "succeeded" ? (["failure"] as const) : []),
      );
      return {
        ...(ours as DeploymentRow),
        state: "running",
        revision,
        spec: target.spec,
        content: target.content,
        workerId,
        ...(report.container === undefined ? {} : { container: report.container }),
        ...(isNew ? { report, deployedAt: now } : {}),
        ...(ttlMs === undefined ? {} : { expiresAt: now + ttlMs }),
        seen: { state: "running" },
        seenAt: now,
        runId: ref.runId,
        stepId: ref.stepId,
      };
    }
    case "rolled-back":
      if (!stands) return { ...nothingStands(row, "failed"), ...content, report };
      return {
        ...row,
        state: "running",
        ...(report.container === undefined ? {} : { container: report.container }),
        seen: { state: "running" },
        seenAt: now,
      };
    case "none":
    case "removed":
      return { ...nothingStands(row, "failed"), ...content, report };
  }
}
