/** Runs of a schedule that a person asks for: one now, or those of a range of the past. */

import { type Clock, FaultError, faultOf, messageOf } from "@haversack/base";
import type { BackfilledTick, JsonObject, RunId, ScheduleTick } from "@haversack/protocol";
import { newestTimes, parseCron } from "../dag/cron.ts";
import type { Submission } from "../library/submit.ts";
import { noSchedule } from "../store/missing.ts";
import type { Store } from "../store/store.ts";
import type { ScheduleKey, StoredSchedule } from "../store/verbs/schedule-verbs.ts";
import { submissionOf } from "./decide.ts";
import { timesMax } from "./due-times.ts";

export interface OnDemandParts {
  readonly store: Store;
  readonly submit: (submission: Submission) => Promise<{ runId: RunId; existed: boolean }>;
  readonly clock: Clock;
  /** Something waits now that the scheduler has to start. */
  readonly ring: () => void;
}

export interface Triggering extends ScheduleKey {
  readonly params: JsonObject;
  readonly idempotencyKey: string;
}

/** One run now, whatever else runs. */
export async function trigger(parts: OnDemandParts, asked: Triggering) {
  const { dagName, idempotencyKey } = asked;
  const { spec } = await scheduleOf(parts.store, asked);
  const params = { ...spec.params, ...asked.params };
  return await parts.submit({ dag: "", dagName, fileName: "", params, idempotencyKey });
}

/**
 * The runs of a range, each under the key of its time. At once, or one after the other when the schedule queues.
 * Rejects when there are more than {@link timesMax}, before any is started, and with the first that cannot start.
 */
export async function backfill(
  parts: OnDemandParts,
  key: ScheduleKey,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<BackfilledTick[]> {
  const { store, clock } = parts;
  const now = clock.now();
  if (!(from <= to) || to > now) {
    const message = "expected a range whose first moment is not after its last, and no moment after now";
    throw new FaultError("invalid", "bad_range", message);
  }
  const schedule = await scheduleOf(store, key);
  const cron = parseCron(schedule.spec.cron, schedule.spec.timezone);
  const due = newestTimes(cron, from - 1, to, timesMax + 1);
  if (due.length > timesMax) {
    const message = `the range has more than ${timesMax} times of the schedule; ask for a shorter one`;
    throw new FaultError("invalid", "range_too_long", message);
  }
  const ticks: BackfilledTick[] = [];
  for (const time of due) ticks.push(await one(parts, schedule, time, now));
  if (ticks.some(({ outcome }) => outcome === "queued")) parts.ring();
  return ticks;
}

async function one(
  { store, submit }: OnDemandParts,
  { dagName, index, spec }: StoredSchedule,
  due: number,
  now: number,
): Promise<BackfilledTick> {
  const before = await store.read.tickRead({ dagName, index, due });
  if (before?.outcome === "started" || before?.outcome === "queued") return { ...before, existed: true };
  if (spec.overlap === "queue") {
    const tick: ScheduleTick = {
      due,
      outcome: "queued",
      detail: "waits for the runs of earlier times",
      at: now,
    };
    await store.write.scheduleDecide({ dagName, index, now, ticks: [tick] });
    return { ...tick, existed: false };
  }
  try {
    const submission = submissionOf({ dagName, index }, due, spec.params, "backfill");
    const { runId, existed } = await submit(submission);
    return { due, outcome: "started", runId, detail: "", at: now, existed };
  } catch (error) {
    const detail = `the run for ${new Date(due).toISOString()} could not be started`;
    throw new FaultError(faultOf(error), "backfill_stopped", `${detail}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function scheduleOf(store: Store, { dagName, index }: ScheduleKey): Promise<StoredSchedule> {
  await store.read.dagRead({ name: dagName });
  const schedules = await store.read.schedulesList({ dagName });
  const found = schedules.find((schedule) => schedule.index === index);
  if (found === undefined) throw noSchedule(dagName, index);
  return found;
}
