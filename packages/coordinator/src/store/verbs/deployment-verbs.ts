/** Deployments: begun by an attempt under its fence, compared with what a worker sees, given up, looked at. */

import { FaultError } from "@haversack/base";
import type { ObservedDeployments, WorkerId } from "@haversack/protocol";
import { beginDeploy, type DeployAsked } from "../../runs/deployment-begin.ts";
import { type Reconciled, reconcile } from "../../runs/deployment-reconcile.ts";
import { type DeploymentRow, without } from "../../runs/deployment-row.ts";
import { text, textOrNone } from "../rows.ts";
import * as sql from "../statements/deployment.ts";
import {
  deploymentsAsked,
  deploymentsOfSteps,
  deploymentsOfWorker,
  runKeyGet,
} from "../statements/deployment-look.ts";
import type { VerbContext } from "../verb.ts";
import { noDeployment } from "./deployment-reads.ts";
import { holdDeployments, saveDeployment } from "./deployment-rows.ts";
import { fenced } from "./write-fenced.ts";

/** Begins the keys of runs that fill in the secrets of what stands; nobody else may use them. */
export const restoreKeys = "deployment/restore/";

export interface DeploymentBegin extends Omit<DeployAsked, "isRestore"> {}

/**
 * `over`: the attempt is not live any more, or not this worker's. `unplaced`: its step was not submitted as one that
 * deploys the name.
 */
export async function deploymentBegin(context: VerbContext, asked: DeploymentBegin) {
  const { name, ref, workerId, now } = asked;
  const [answer] = await fenced(context, [ref], workerId);
  if (answer?.ok !== true) return { kind: "over" } as const;
  const { run, index } = answer.attempt;
  const [placed] = await context.tx.each(deploymentsOfSteps, [[run.no, index]]);
  if (placed === undefined || text(placed, "name") !== name) return { kind: "unplaced" } as const;
  const key = await context.tx.one(runKeyGet, run.no);
  const isRestore = key !== undefined && (textOrNone(key, "idempotency_key") ?? "").startsWith(restoreKeys);
  const known = (await holdDeployments(context, [name])).get(name);
  const begun = beginDeploy(known, { ...asked, isRestore });
  if (begun.kind !== "begun") return begun;
  const { row, ...told } = begun;
  await saveDeployment(context, row, { before: known, now });
  return told;
}

export interface DeploymentSight {
  readonly workerId: WorkerId;
  readonly observed: ObservedDeployments;
  readonly now: number;
}

/** What a worker sees, written down. */
export async function deploymentsObserve(
  context: VerbContext,
  { workerId, observed, now }: DeploymentSight,
): Promise<Omit<Reconciled, "rows">> {
  const bound = (await context.tx.all(deploymentsOfWorker, workerId)).map((row) => text(row, "name"));
  const names = [...new Set([...bound, ...observed.deployments.map(({ name }) => name)])];
  const held = await holdDeployments(context, names);
  if (observed.unavailable !== undefined) {
    for (const row of held.values()) {
      if (row.workerId !== workerId || row.unavailable === observed.unavailable) continue;
      await saveDeployment(context, { ...row, unavailable: observed.unavailable }, { before: row, now });
    }
    return { remove: [], restore: [], alarms: [] };
  }
  const asked = await askedOf(context, names);
  const { rows, ...told } = reconcile({
    workerId,
    seen: observed.deployments,
    rows: [...held.values()],
    isAsked: (name) => asked.has(name),
    now,
  });
  for (const row of rows) await saveDeployment(context, row, { before: held.get(row.name), now });
  return told;
}

async function askedOf({ tx }: VerbContext, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const rows = await tx.all(deploymentsAsked, JSON.stringify(names));
  return new Set(rows.map((row) => text(row, "name")));
}

/**
 * The name is free at once; what stands on its worker goes when the worker returns. Rejects while a step is at work, or when
 * nothing stands.
 */
export async function deploymentAbandon(
  context: VerbContext,
  { name, now }: { readonly name: string; readonly now: number },
): Promise<void> {
  const row = (await holdDeployments(context, [name])).get(name);
  if (row?.workerId === undefined) throw noDeployment(name);
  const { pending, workerId } = row;
  if (pending?.live === true) {
    const message = `step ${pending.ref.stepId} of run ${pending.ref.runId} is at work on ${name}: wait for its end, or haversack cancel ${pending.ref.runId}`;
    throw new FaultError("conflict", "deployment_busy", message);
  }
  const gone = [
    "pending",
    "workerId",
    "spec",
    "container",
    "expiresAt",
    "expiring",
    "unavailable",
    "restore",
  ] as const;
  const after: DeploymentRow = {
    ...without(row, ...gone),
    state: "abandoned",
    revision: 0,
    abandonedOn: workerId,
  };
  await saveDeployment(context, after, { before: row, now });
}

/** A run was started that removes what is due; false: it is not due any more. */
export async function deploymentExpiring(
  context: VerbContext,
  { name, expiresAt, now }: { readonly name: string; readonly expiresAt: number; readonly now: number },
): Promise<boolean> {
  const row = (await holdDeployments(context, [name])).get(name);
  if (row?.expiresAt !== expiresAt) return false;
  await saveDeployment(context, { ...row, expiring: expiresAt }, { before: row, now });
  return true;
}

/** @returns how many names were forgotten */
export async function deploymentsForget(
  { tx }: VerbContext,
  { changedBefore, limit }: { readonly changedBefore: number; readonly limit: number },
): Promise<number> {
  return await tx.run(sql.deploymentsForget, changedBefore, limit);
}

/** What this fleet calls itself on engines that it shares with others; the first one that is proposed stays. */
export async function fleetName({ tx }: VerbContext, { fresh }: { readonly fresh: string }): Promise<string> {
  await tx.run(sql.fleetNameInsert, fresh);
  const row = await tx.one(sql.fleetNameGet);
  return row === undefined ? fresh : text(row, "name");
}
