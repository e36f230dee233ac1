/** Schedules of stored DAGs: how far each was decided, whether it is paused, what it has under way. */

import { parseRunId, type RunId, type ScheduleSpec } from "@haversack/protocol";
import { noSchedule } from "../missing.ts";
import { integer, integerOrNone, json, text, textOrNone } from "../rows.ts";
import {
  schedulePause as pause,
  scheduleResume as resume,
  scheduleCount,
  scheduleList,
} from "../statements/schedule.ts";
import { runsOfSchedule, ticksQueued } from "../statements/tick.ts";
import type { VerbContext } from "../verb.ts";

export interface ScheduleKey {
  readonly dagName: string;
  readonly index: number;
}

/** Absent index: all schedules of the DAG. */
export type ScheduleKeys = Pick<ScheduleKey, "dagName"> & Partial<ScheduleKey>;

export interface StoredSchedule extends ScheduleKey {
  readonly spec: ScheduleSpec;
  /** Every time up to this moment was decided. */
  readonly handled: number;
  readonly paused?: { readonly at: number; readonly note: string };
  /** Times that wait for the end of an earlier run. */
  readonly queued: number;
}

/** @param dagName empty: of all DAGs */
export async function schedulesList(
  { tx }: VerbContext,
  { dagName }: { readonly dagName: string },
): Promise<StoredSchedule[]> {
  return (await tx.all(scheduleList, dagName)).map((row) => {
    const pausedAt = integerOrNone(row, "paused_at");
    return {
      dagName: text(row, "dag_name"),
      index: integer(row, "idx"),
      spec: json<ScheduleSpec>(row, "spec"),
      handled: integer(row, "handled"),
      queued: integer(row, "queued"),
      ...(pausedAt === undefined
        ? {}
        : { paused: { at: pausedAt, note: textOrNone(row, "pause_note") ?? "" } }),
    };
  });
}

export interface ActiveRun {
  readonly runId: RunId;
  readonly due: number;
}

/** What a schedule has under way: runs that have not ended, and the oldest times that wait. */
export async function scheduleState({ tx }: VerbContext, { dagName, index }: ScheduleKey) {
  const active = (await tx.all(runsOfSchedule, dagName, index)).map(
    (row): ActiveRun => ({ runId: parseRunId(text(row, "id")), due: integer(row, "trigger_due") }),
  );
  const queued = (await tx.all(ticksQueued, dagName, index, 1000)).map((row) => integer(row, "due"));
  return { active, queued };
}

/** @returns how many were not paused before */
export async function schedulePause(
  { tx }: VerbContext,
  { dagName, index, note, now }: ScheduleKeys & { readonly note: string; readonly now: number },
): Promise<number> {
  await requireSchedule(tx, dagName, index ?? null);
  return await tx.run(pause, dagName, index ?? null, now, note);
}

/** Times that passed during the pause are not made up for. @returns how many were paused before */
export async function scheduleResume(
  { tx }: VerbContext,
  { dagName, index, now }: ScheduleKeys & { readonly now: number },
): Promise<number> {
  await requireSchedule(tx, dagName, index ?? null);
  return await tx.run(resume, dagName, index ?? null, now);
}

async function requireSchedule(tx: VerbContext["tx"], dagName: string, index: number | null): Promise<void> {
  const row = await tx.one(scheduleCount, dagName, index);
  if (row === undefined || integer(row, "count") === 0) throw noSchedule(dagName, index ?? undefined);
}
