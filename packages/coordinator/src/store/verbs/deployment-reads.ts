/** Deployments: looked at. */

import { FaultError } from "@haversack/base";
import { parseWorkerId, type WorkerId } from "@haversack/protocol";
import type { DeploymentRow } from "../../runs/deployment-row.ts";
import { integer, integerOrNone, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import * as sql from "../statements/deployment-look.ts";
import type { VerbContext } from "../verb.ts";
import { deploymentOfRow } from "./deployment-rows.ts";

export interface StoredDeployment {
  readonly row: DeploymentRow;
  /** Of the worker where it stands, or where it was given up. */
  readonly workerName?: string;
  readonly workerSeenAt?: number;
}

function storedOfRow(row: Row): StoredDeployment {
  const workerName = textOrNone(row, "worker_name");
  const seenAt = integerOrNone(row, "last_seen_at");
  return {
    row: deploymentOfRow(row),
    ...(workerName === undefined ? {} : { workerName }),
    ...(seenAt === undefined ? {} : { workerSeenAt: seenAt }),
  };
}

export async function deploymentsList(
  { tx }: VerbContext,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<StoredDeployment[]> {
  return (await tx.all(sql.deploymentsPage, after, limit)).map(storedOfRow);
}

/** Rejects when the name was never used, or has been forgotten. */
export async function deploymentRead(
  { tx }: VerbContext,
  { name }: { readonly name: string },
): Promise<StoredDeployment> {
  const row = await tx.one(sql.deploymentNamed, name);
  if (row === undefined) throw noDeployment(name);
  return storedOfRow(row);
}

/** Those that are to be removed, and when the next one is. */
export async function deploymentsDue(
  { tx }: VerbContext,
  { now, limit }: { readonly now: number; readonly limit: number },
) {
  const due = (await tx.all(sql.deploymentsDue, now, limit)).map(deploymentOfRow);
  const row = await tx.one(sql.deploymentsNextDue);
  return { due, nextDue: row === undefined ? undefined : integerOrNone(row, "due") };
}

/** By worker. */
export async function deploymentCounts({ tx }: VerbContext): Promise<ReadonlyMap<WorkerId, number>> {
  const rows = await tx.all(sql.deploymentCounts);
  return new Map(rows.map((row) => [parseWorkerId(text(row, "worker_id")), integer(row, "count")]));
}

export const noDeployment = (name: string): FaultError =>
  new FaultError(
    "missing",
    "unknown_deployment",
    `nothing is deployed as ${JSON.stringify(name.slice(0, 80))}; haversack deployments`,
  );
