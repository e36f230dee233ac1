/** Queues of steps that wait: which there are, and their first steps. */

import { parseDigest, parseRunId, parseStepId } from "@haversack/protocol";
import { roomFor } from "../../runs/limits.ts";
import { flag, integer, integerOrNone, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import { queuesOpen, stepsDue, stepsFirst, stepsNextDue } from "../statements/queue.ts";
import { runsHeldAny } from "../statements/run-key.ts";
import type { VerbContext } from "../verb.ts";
import { deploymentCounts } from "./deployment-reads.ts";
import { inUseOf, type NumberedUse, stateOf, usesOfQueues } from "./limit-state.ts";
import { type PlacedQueue, placedQueueOfRow } from "./queue-rows.ts";
import type { ReadyStep } from "./step-verbs.ts";

export interface OpenQueueRow extends PlacedQueue {
  readonly no: number;
  /** Steps that may start now, as far as keys and pools are concerned; absent: any number. */
  readonly room?: number;
}

export interface LookQuery {
  /** Queues with a higher number. */
  readonly after: number;
  readonly limit: number;
  /** So many of the first steps of each queue come along, if the queues are few. */
  readonly heads?: number;
}

/** Of more queues no steps come along. */
const headQueuesMax = 8;

/** The queues in which steps wait, after a given one. */
export async function queuesLook(context: VerbContext, { after, limit, heads }: LookQuery) {
  const { tx } = context;
  const rows = await tx.all(queuesOpen, after, limit);
  const due = await tx.one(stepsNextDue);
  const held = await tx.one(runsHeldAny);
  const keys = rows.map((row) => ({ ...placedQueueOfRow(row), no: integer(row, "no") }));
  const gated = keys.filter(({ limits }) => limits.length > 0).map(({ no }) => no);
  const uses = await usesOfQueues(context, gated);
  const inUse = await inUseOf(
    context,
    [...uses.values()].flat().map(({ no }) => no),
  );
  const queues = keys.map((key): OpenQueueRow => {
    return key.limits.length === 0 ? key : { ...key, room: roomOf(uses.get(key.no) ?? [], inUse) };
  });
  // A queue that is being deleted at this moment is missing from a full page: then one look more finds nothing.
  const last = rows.length < limit ? undefined : queues.at(-1)?.no;
  const isFew = heads !== undefined && queues.length <= headQueuesMax;
  const counts = new Map(queues.map(({ no }) => [no, heads ?? 0]));
  return {
    queues,
    ...(isFew ? { heads: { count: heads, steps: await stepsHead(context, { counts }) } } : {}),
    ...(last === undefined ? {} : { upTo: last }),
    nextDue: due === undefined ? undefined : integerOrNone(due, "due"),
    /** How much is deployed on each worker; absent: nothing is to be deployed. */
    ...(keys.some(({ deployment }) => deployment !== undefined)
      ? { deployments: await deploymentCounts(context) }
      : {}),
    /** Runs wait for others of their key. */
    held: held !== undefined,
  };
}

function roomOf(uses: readonly NumberedUse[], inUse: ReadonlyMap<number, number>): number {
  const rooms = uses.map((use) => roomFor(use.use, stateOf(use, inUse)));
  return rooms.length === 0 ? 0 : Math.min(...rooms);
}

/** The first steps of queues, of each as many as are asked for; oldest run first. */
export async function stepsHead(
  { tx }: VerbContext,
  { counts }: { readonly counts: ReadonlyMap<number, number> },
): Promise<ReadyStep[]> {
  return (
    await tx.each(
      stepsFirst,
      [...counts].map(([queue, count]) => [queue, count]),
    )
  ).map(readyOfRow);
}

function readyOfRow(row: Row): ReadyStep {
  const pinDigest = textOrNone(row, "pin_digest");
  const snapshotDigest = textOrNone(row, "snapshot_digest");
  return {
    runId: parseRunId(text(row, "run_id")),
    runNo: integer(row, "run"),
    index: integer(row, "idx"),
    stepId: parseStepId(text(row, "step_id")),
    queue: integer(row, "queue"),
    gated: flag(row, "gated"),
    dagName: text(row, "dag_name"),
    ...(pinDigest === undefined ? {} : { pinDigest: parseDigest(pinDigest) }),
    ...(snapshotDigest === undefined ? {} : { snapshotDigest: parseDigest(snapshotDigest) }),
  };
}

/** Retries whose time has come stand in their queues again. @returns how many */
export async function stepsDueNow(
  context: VerbContext,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<number> {
  const count = await context.tx.run(stepsDue, now, limit);
  if (count > 0) context.touched.ready = true;
  return count;
}
