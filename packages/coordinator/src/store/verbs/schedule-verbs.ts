/** Schedules of stored DAGs: how far each was decided, whether it is paused, and what became of its times. */

import {
  parseRunId,
  type RunId,
  type RunTrigger,
  type ScheduleSpec,
  type ScheduleTick,
} from "@haversack/protocol";
import { noSchedule } from "../missing.ts";
import { integer, integerOrNone, json, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import {
  schedulePause as pause,
  scheduleResume as resume,
  runsOfSchedule,
  runTriggered,
  scheduleCount,
  scheduleList,
  scheduleMove,
  tickGet,
  tickList,
  tickPut,
  ticksPrune,
  ticksQueued,
} from "../statements/schedule.ts";
import type { VerbContext } from "../verb.ts";

/** Ticks that are kept of each schedule, beside those that wait. */
const ticksKept = 200;

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

/** Newest time first. */
export async function ticksList(
  { tx }: VerbContext,
  { dagName, index, limit }: ScheduleKey & { readonly limit: number },
): Promise<ScheduleTick[]> {
  return (await tx.all(tickList, dagName, index, limit)).map(tickOfRow);
}

export async function tickRead(
  { tx }: VerbContext,
  { dagName, index, due }: ScheduleKey & { readonly due: number },
): Promise<ScheduleTick | undefined> {
  const row = await tx.one(tickGet, dagName, index, due);
  return row === undefined ? undefined : tickOfRow(row);
}

export interface Decided extends ScheduleKey {
  /** Those without a run; a run's own is written with the run. */
  readonly ticks: readonly Omit<ScheduleTick, "at">[];
  /** Where `handled` moves, when it still is where it was read. */
  readonly handled?: { readonly from: number; readonly to: number };
  readonly now: number;
}

export async function scheduleDecide({ tx }: VerbContext, decided: Decided): Promise<void> {
  const { dagName, index, ticks, handled, now } = decided;
  for (const { due, outcome, runId = null, detail } of ticks) {
    await tx.run(tickPut, dagName, index, due, outcome, runId, detail, now);
  }
  if (ticks.length > 0) await tx.run(ticksPrune, dagName, index, ticksKept);
  if (handled !== undefined) await tx.run(scheduleMove, dagName, index, handled.from, handled.to);
}

/** In the transaction that starts the run: there is no moment in which only one of them is there. */
export async function recordTrigger(
  { tx }: VerbContext,
  run: { readonly id: RunId; readonly dagName: string; readonly now: number },
  { kind, schedule, due }: RunTrigger,
): Promise<void> {
  if ((kind !== "schedule" && kind !== "backfill") || schedule === undefined || due === undefined) return;
  await tx.run(runTriggered, run.id, kind, schedule, due);
  await tx.run(tickPut, run.dagName, schedule, due, "started", run.id, "", run.now);
  await tx.run(ticksPrune, run.dagName, schedule, ticksKept);
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

function tickOfRow(row: Row): ScheduleTick {
  const runId = textOrNone(row, "run_id");
  return {
    due: integer(row, "due"),
    outcome: text(row, "outcome") as ScheduleTick["outcome"],
    detail: text(row, "detail"),
    at: integer(row, "at"),
    ...(runId === undefined ? {} : { runId: parseRunId(runId) }),
  };
}
