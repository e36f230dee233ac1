/** Pure: which times of a schedule are due, which of them are started, and what a time does that finds a run. */

import { formatDuration, type Ms } from "@haversack/base";
import type { CatchUp, Overlap, RunId, ScheduleTick } from "@haversack/protocol";
import type { ActiveRun } from "../store/verbs/schedule-verbs.ts";

/** A time that is looked at within this is in time; a restart or a busy moment misses nothing. */
export const lateMax: Ms = 60_000;
/** A wall clock that is further back than the last decided time was set back. */
export const backMin: Ms = 60_000;
/** Times that are made up for, and that wait for each other, of one schedule. */
export const timesMax = 100;

export type Passed = Omit<ScheduleTick, "at">;

export interface Chosen {
  /** Oldest first. */
  readonly start: readonly number[];
  readonly passed: readonly Passed[];
}

/**
 * @param due oldest first, the newest {@link timesMax} + 1 at most
 */
export function chooseTimes(
  { catchUp, overlap }: { readonly catchUp: CatchUp; readonly overlap: Overlap },
  due: readonly number[],
  now: number,
): Chosen {
  const newest = due.at(-1);
  if (newest === undefined) return { start: [], passed: [] };
  const inTime = now - newest <= lateMax;
  // Each would end the one before it at once.
  const all = catchUp === "all" && overlap !== "cancel-previous";
  const count = all ? timesMax : catchUp === "none" && !inTime ? 0 : 1;
  const start = count === 0 ? [] : due.slice(-count);
  const missed = due.slice(0, due.length - start.length);
  const passed = missed.map((time): Passed => ({ due: time, outcome: "missed", detail: whyMissed(time) }));
  const [first, ...rest] = passed;
  if (first === undefined || due.length <= timesMax) return { start, passed };
  return { start, passed: [{ ...first, detail: `${first.detail}; so may be times before it` }, ...rest] };

  function whyMissed(time: number): string {
    const late = `nobody looked until ${formatDuration(now - time)} after it`;
    return all ? `${late}, and at most ${timesMax} times are made up for` : `${late} (catchUp: ${catchUp})`;
  }
}

export type Verdict =
  | { readonly kind: "start"; readonly cancel: readonly RunId[] }
  | { readonly kind: "queue"; readonly detail: string }
  | { readonly kind: "skip"; readonly detail: string };

/**
 * What a time does beside the runs of earlier times.
 * @param active unfinished runs of the schedule
 * @param queued times that wait
 */
export function meet(
  overlap: Overlap,
  due: number,
  active: readonly ActiveRun[],
  queued: readonly number[],
): Verdict {
  // Its own run is none of them: whoever started it may have died before it said so.
  const others = active.filter((run) => run.due !== due);
  const waiting = queued.filter((time) => time !== due);
  const [other] = others;
  if (overlap === "cancel-previous") {
    return { kind: "start", cancel: others.filter((run) => run.due < due).map(({ runId }) => runId) };
  }
  if (overlap === "skip") {
    if (other === undefined) return { kind: "start", cancel: [] };
    return { kind: "skip", detail: `run ${other.runId} had not ended (overlap: skip)` };
  }
  if (other === undefined && waiting.length === 0) return { kind: "start", cancel: [] };
  if (waiting.length < timesMax) return { kind: "queue", detail: "waits for the runs of earlier times" };
  return { kind: "skip", detail: `${waiting.length} earlier times wait already (overlap: queue)` };
}
