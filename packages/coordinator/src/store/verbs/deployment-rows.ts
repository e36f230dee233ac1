/** Rows of deployments: read, held until the end of the transaction, written. */

import type { DeploymentRow } from "../../runs/deployment-row.ts";
import { json, text } from "../rows.ts";
import type { Row, SqlValue } from "../statement.ts";
import { deploymentInsert, deploymentsHold, deploymentUpdate } from "../statements/deployment.ts";
import type { VerbContext } from "../verb.ts";

export const deploymentOfRow = (row: Row): DeploymentRow => json<DeploymentRow>(row, "body");

/** Those that are there, by name. Nobody else changes them until the end of the transaction. */
export async function holdDeployments(
  { tx }: VerbContext,
  names: Iterable<string>,
): Promise<Map<string, DeploymentRow>> {
  const wanted = [...new Set(names)];
  if (wanted.length === 0) return new Map();
  const rows = await tx.all(deploymentsHold, JSON.stringify(wanted));
  return new Map(rows.map((row) => [text(row, "name"), deploymentOfRow(row)]));
}

/** @param before the row as it was; undefined: there was none */
export async function saveDeployment(
  { tx, touched }: VerbContext,
  row: DeploymentRow,
  { before, now }: { readonly before: DeploymentRow | undefined; readonly now: number },
): Promise<void> {
  await tx.run(before === undefined ? deploymentInsert : deploymentUpdate, ...valuesOf(row, now));
  // A step that waits for the name may go elsewhere now.
  if (row.workerId !== before?.workerId) touched.ready = true;
}

function valuesOf(row: DeploymentRow, now: number): SqlValue[] {
  const { name, state, workerId = null, abandonedOn = null, expiresAt, expiring, content } = row;
  const dueAt = expiresAt === undefined || expiring === expiresAt ? null : expiresAt;
  const pack = content?.snapshotDigest ?? content?.pinDigest ?? null;
  return [name, state, workerId, abandonedOn, dueAt, pack, JSON.stringify(row), now];
}
