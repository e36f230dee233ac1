/**
 * What a worker sees, compared with what the rows say. Nothing is made or started here, but for what lacks its secrets;
 * what nobody knows of is kept until an operator decides. Pure.
 */

import type { ObservedDeployment, UnwantedContainer, WorkerId } from "@haversack/protocol";
import { type DeploymentRow, nothingStands, without } from "./deployment-row.ts";

export interface Sight {
  readonly workerId: WorkerId;
  /** All that the worker has. */
  readonly seen: readonly ObservedDeployment[];
  /** Rows that name the worker, or one of what it has. */
  readonly rows: readonly DeploymentRow[];
  /** A step that deploys the name is ready or at work. */
  readonly isAsked: (name: string) => boolean;
  readonly now: number;
}

export interface Reconciled {
  /** Those that changed, or are new. */
  readonly rows: readonly DeploymentRow[];
  readonly remove: readonly UnwantedContainer[];
  /** Names whose containers lack their secrets, and may be given them now. */
  readonly restore: readonly string[];
  /** What somebody should be told. */
  readonly alarms: readonly { readonly name: string; readonly message: string }[];
}

interface One {
  readonly row: DeploymentRow;
  readonly remove?: readonly ObservedDeployment[];
  readonly restore?: true;
  readonly alarm?: string;
}

const restoreAfterMs = 60_000;
const restoreAfterMaxMs = 3_600_000;

export function reconcile(sight: Sight): Reconciled {
  const rowOf = new Map(sight.rows.map((row) => [row.name, row]));
  const seenOf = Map.groupBy(sight.seen, ({ name }) => name);
  const ones = [...new Set([...rowOf.keys(), ...seenOf.keys()])].flatMap((name): One[] => {
    const seen = seenOf.get(name) ?? [];
    const row = rowOf.get(name);
    return row === undefined ? [orphaned(undefined, seen, sight)] : [one(row, seen, sight)];
  });
  return {
    rows: ones.flatMap(({ row }) => (rowOf.get(row.name) === row ? [] : [row])),
    remove: ones.flatMap(({ remove = [] }) =>
      remove.map(({ name, revision, container }) => ({ name, revision, container })),
    ),
    restore: ones.flatMap(({ row, restore }) => (restore === true ? [row.name] : [])),
    alarms: ones.flatMap(({ row: { name }, alarm }) =>
      alarm === undefined ? [] : [{ name, message: alarm }],
    ),
  };
}

function one(row: DeploymentRow, seen: readonly ObservedDeployment[], sight: Sight): One {
  const isOwn = row.workerId === sight.workerId;
  // A step is at work: what is seen may be over in a moment.
  if (row.pending?.live === true || seen.some(({ busy }) => busy)) {
    return { row: isOwn ? { ...row, seenAt: sight.now } : row };
  }
  const isUnknown = seen.some(({ revision }) => revision > row.lastRevision);
  if (isUnknown) return isOwn || row.workerId === undefined ? orphaned(row, seen, sight) : { row };
  return isOwn ? ownWorker(row, seen, sight) : otherWorker(row, seen, sight);
}

/**
 * No row tells of it, or it is of a later revision than any that was given out: the database is older than the container.
 * It counts as what stands under the name, so that no deploy makes a second one.
 */
function orphaned(
  row: DeploymentRow | undefined,
  seen: readonly ObservedDeployment[],
  { workerId, now }: Sight,
): One {
  const newest = seen.toSorted((a, b) => b.revision - a.revision)[0] as ObservedDeployment;
  const { name, revision, spec, container } = newest;
  const before =
    row === undefined ? { name } : without(row, "pending", "report", "unavailable", "expiresAt", "expiring");
  const known: DeploymentRow = {
    ...before,
    state: "orphan",
    revision,
    lastRevision: revision,
    spec,
    workerId,
    container,
    seen: seenIn(newest),
    seenAt: now,
  };
  return { row: known, alarm: `a container of revision ${revision} stands there that no record tells of` };
}

/** The name stands elsewhere, nowhere, or was given up. */
function otherWorker(
  row: DeploymentRow,
  seen: readonly ObservedDeployment[],
  { workerId, isAsked }: Sight,
): One {
  if (seen.length > 0) return isAsked(row.name) ? { row } : { row, remove: seen };
  if (row.abandonedOn !== workerId) return { row };
  const rest = without(row, "abandonedOn");
  return { row: row.state === "abandoned" ? { ...rest, state: "absent" } : rest };
}

function ownWorker(row: DeploymentRow, seen: readonly ObservedDeployment[], sight: Sight): One {
  const asked = sight.isAsked(row.name);
  const others = seen.filter(({ revision }) => revision !== row.revision);
  const remove = asked ? [] : others;
  const own = seen.find(({ revision }) => row.revision > 0 && revision === row.revision);
  const { now } = sight;
  const told: DeploymentRow = { ...without(row, "unavailable"), seenAt: now };
  if (row.revision === 0) {
    // What a lost attempt may have left is gone: the name is free.
    if (seen.length > 0 || asked) return { row: told, remove };
    return { row: without(nothingStands(told, row.state), "pending") };
  }
  const settled = others.length === 0 && !asked ? (without(told, "pending") as DeploymentRow) : told;
  if (own === undefined) return { ...missing(row, settled), remove };
  return { ...standing(row, settled, own, { now, asked }), remove };
}

function missing(before: DeploymentRow, row: DeploymentRow): One {
  const gone: DeploymentRow = { ...without(row, "seen"), state: "missing" };
  if (before.state === "missing") return { row: gone };
  return { row: gone, alarm: `its container is gone; haversack deploy --again ${row.name}` };
}

function standing(
  before: DeploymentRow,
  row: DeploymentRow,
  own: ObservedDeployment,
  { now, asked }: { readonly now: number; readonly asked: boolean },
): One {
  const here: DeploymentRow = { ...row, container: own.container, seen: seenIn(own) };
  // Until an operator decides.
  if (row.state === "orphan") return { row: here };
  if (own.state === "needs-secrets") return lacking(here, now, asked);
  const ok = without(here, "restore");
  if (own.state === "running") return { row: { ...ok, state: "running" } };
  const stopped: DeploymentRow = { ...ok, state: "stopped" };
  if (before.state === "stopped") return { row: stopped };
  const code = own.exitCode === undefined ? "" : ` with exit code ${own.exitCode}`;
  return { row: stopped, alarm: `its container ended${code}` };
}

function lacking(row: DeploymentRow, now: number, asked: boolean): One {
  const known: DeploymentRow = { ...row, state: "needs-secrets" };
  const { tries = 0, notBefore = 0 } = row.restore ?? {};
  if (asked || now < notBefore || row.content === undefined) return { row: known };
  const pauseMs = Math.min(restoreAfterMaxMs, restoreAfterMs * 2 ** tries);
  return { row: { ...known, restore: { tries: tries + 1, notBefore: now + pauseMs } }, restore: true };
}

function seenIn({
  state,
  exitCode,
  lastLines,
  healthy,
}: ObservedDeployment): NonNullable<DeploymentRow["seen"]> {
  return {
    state,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(lastLines === undefined ? {} : { lastLines }),
    ...(healthy === undefined ? {} : { healthy }),
  };
}
