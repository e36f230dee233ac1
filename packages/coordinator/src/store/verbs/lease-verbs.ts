/** Leases: renewed, run out. */

import { type AttemptRef, type BootId, parseRunId, parseStepId, stepAt } from "@haversack/protocol";
import { afterLoss } from "../../runs/after-attempt.ts";
import { isToEnd } from "../../runs/handlers.ts";
import { integerOrNone, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import {
  attemptsExpired,
  leasesNextExpiry,
  leasesRenew as renew,
  leasesTrust as trust,
} from "../statements/attempt.ts";
import type { VerbContext } from "../verb.ts";
import { type AttemptRow, attemptOfRow } from "./attempt-row.ts";
import type { FromWorker } from "./attempt-verbs.ts";
import { type AttemptEnd, endAttempts } from "./end-attempt.ts";
import { workerHeard } from "./worker-verbs.ts";
import { placesKnown, refusals, toldAlone } from "./write-fenced.ts";

export interface Renewal extends FromWorker {
  readonly bootId: BootId;
  readonly refs: readonly AttemptRef[];
  readonly leaseUntil: number;
}

/**
 * One heartbeat. Answers what is no longer the worker's, what it has to end, and what an operator wants of it; that comes
 * here, so that coordinators which did not hear of it themselves learn of it.
 */
export async function leasesRenew(context: VerbContext, renewal: Renewal) {
  const { workerId, bootId, leaseUntil, now } = renewal;
  const [places, rest] = await placesKnown(context, renewal.refs);
  const rows = places.map(({ run, index, ref }) => {
    return [run.no, index, ref.attempt, ref.generation, workerId, leaseUntil, bootId];
  });
  const renewed = await context.tx.change(renew, rows);
  const cancelled: AttemptRef[] = [];
  const alone = await toldAlone(context, places);
  for (const [at, place] of places.entries()) {
    const { ref, run, handler } = place;
    if (!renewed.has(at)) rest.push(ref);
    else if (alone.has(place) || isToEnd(run, handler)) cancelled.push(ref);
  }
  const order = await workerHeard(context, workerId, now);
  const told = order === undefined ? {} : { order };
  return { refusals: await refusals(context, rest, workerId), cancelled, ...told };
}

/** Live attempts, of rows as {@link attemptsOfWorker} answers them. */
export async function liveOfRows(context: VerbContext, rows: readonly Row[]): Promise<AttemptRow[]> {
  const runIds = rows.map((row) => parseRunId(text(row, "run_id")));
  const runs = await context.runs.many(runIds);
  return rows.flatMap((row, index) => {
    const run = runs.get(runIds[index] as never);
    return run === undefined ? [] : [attemptOfRow(row, run, parseStepId(text(row, "step_id")))];
  });
}

/** How an attempt ends whose worker is gone. */
export async function lost(context: VerbContext, attempt: AttemptRow): Promise<AttemptEnd[]> {
  const { spec } = await context.dags.get(context.tx, attempt.run.dagDigest);
  const step = stepAt(spec, attempt.index);
  return step === undefined ? [] : [{ attempt, ending: "lost", move: afterLoss(step, attempt.history) }];
}

export interface ExpiryCheck {
  /** Wall clock, for the record. */
  readonly now: number;
  /** On the clock that `leaseUntil` was counted on. */
  readonly leaseNow: number;
  readonly limit: number;
}

/** Ends attempts whose lease ran out; a bounded number at a time. */
export async function leasesExpire(context: VerbContext, { now, leaseNow, limit }: ExpiryCheck) {
  const attempts = await liveOfRows(context, await context.tx.all(attemptsExpired, leaseNow, limit));
  const ends: AttemptEnd[] = [];
  for (const attempt of attempts) ends.push(...(await lost(context, attempt)));
  await endAttempts(context, ends, now);
  const row = await context.tx.one(leasesNextExpiry);
  const nextExpiry = row === undefined ? undefined : integerOrNone(row, "due");
  return { expired: attempts.map(({ ref, workerId }) => ({ ref, workerId })), nextExpiry };
}

export async function leasesTrust(
  { tx }: VerbContext,
  { leaseUntil }: { leaseUntil: number },
): Promise<number> {
  return await tx.run(trust, leaseUntil);
}
