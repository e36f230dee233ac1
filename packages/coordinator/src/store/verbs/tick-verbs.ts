/** Ticks: what became of each time of a schedule. */

import { parseRunId, type RunId, type RunTrigger, type ScheduleTick } from "@haversack/protocol";
import { integer, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import { scheduleMove } from "../statements/schedule.ts";
import { runTriggered, tickGet, tickList, tickPut, ticksPrune } from "../statements/tick.ts";
import type { VerbContext } from "../verb.ts";
import type { ScheduleKey } from "./schedule-verbs.ts";

/** Ticks that are kept of each schedule, beside those that wait. */
const ticksKept = 200;

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
