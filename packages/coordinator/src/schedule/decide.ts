/** One look at one schedule: what is due is started, queued or told to be missed, and then counts as decided. */

import { faultOf, type Log, messageOf, worthRetrying } from "@haversack/base";
import type { RunId } from "@haversack/protocol";
import type { Cron } from "croner";
import { newestTimes } from "../dag/cron.ts";
import { isOver, type Lead } from "../leadership/leadership.ts";
import { type Submission, scheduleKey } from "../library/submit.ts";
import type { Store } from "../store/store.ts";
import type { ActiveRun, ScheduleKey, StoredSchedule } from "../store/verbs/schedule-verbs.ts";
import { backMin, chooseTimes, meet, type Passed, timesMax } from "./due-times.ts";

const detailCharactersMax = 1000;

export interface DecideParts {
  readonly store: {
    readonly read: Pick<Store["read"], "scheduleState">;
    readonly write: Pick<Store["write"], "scheduleDecide">;
  };
  readonly submit: (submission: Submission) => Promise<{ runId: RunId; existed: boolean }>;
  readonly cancel: (runId: RunId) => Promise<void>;
  readonly log: Log;
  /** As which leader it is decided. */
  readonly lead: Lead;
}

/**
 * Every step may be the last of this process: the next look does them again, and the key of a time starts it once.
 * @returns runs whose end lets a time go on that waits
 */
export async function decide(
  parts: DecideParts,
  schedule: StoredSchedule,
  cron: Cron,
  now: number,
): Promise<readonly RunId[]> {
  const { dagName, index, spec, handled } = schedule;
  const after = handled - now > backMin ? now : handled;
  const due = after < now ? newestTimes(cron, after, now, timesMax + 1) : [];
  if (due.length === 0 && schedule.queued === 0 && after === handled) return [];
  const state = await parts.store.read.scheduleState({ dagName, index });
  const look = new Look(parts, schedule, state);
  const { start, passed } = chooseTimes(spec, due, now);
  for (const time of start) await look.meet(time);
  const to = due.at(-1) ?? after;
  await parts.store.write.scheduleDecide({
    dagName,
    index,
    now,
    ...parts.lead,
    ticks: [...passed, ...look.passed],
    ...(to === handled ? {} : { handled: { from: handled, to } }),
  });
  return await look.nextInLine(now);
}

class Look {
  readonly passed: Passed[] = [];
  readonly #parts: DecideParts;
  readonly #schedule: StoredSchedule;
  readonly #active: ActiveRun[];
  #queued: number[];

  constructor(
    parts: DecideParts,
    schedule: StoredSchedule,
    { active, queued }: { active: readonly ActiveRun[]; queued: readonly number[] },
  ) {
    this.#parts = parts;
    this.#schedule = schedule;
    this.#active = [...active];
    this.#queued = [...queued];
  }

  async meet(due: number): Promise<void> {
    const verdict = meet(this.#schedule.spec.overlap, due, this.#active, this.#queued);
    if (verdict.kind === "start") {
      const tick = await this.#start(due);
      this.passed.push(tick);
      if (tick.outcome === "started") for (const runId of verdict.cancel) await this.#parts.cancel(runId);
      return;
    }
    if (verdict.kind === "queue") this.#queued.push(due);
    const outcome = verdict.kind === "queue" ? "queued" : "skipped";
    this.passed.push({ due, outcome, detail: verdict.detail });
  }

  /** Starts what waits as soon as nothing runs. @returns the runs that it waits for */
  async nextInLine(now: number): Promise<readonly RunId[]> {
    this.#queued.sort((a, b) => a - b);
    const { dagName, index } = this.#schedule;
    while (this.#active.length === 0) {
      const due = this.#queued.shift();
      if (due === undefined) return [];
      const tick = await this.#start(due);
      const { store, lead } = this.#parts;
      await store.write.scheduleDecide({ dagName, index, now, ticks: [tick], ...lead });
    }
    return this.#queued.length === 0 ? [] : this.#active.map(({ runId }) => runId);
  }

  /** Rejects with what may go better later. */
  async #start(due: number): Promise<Passed> {
    const { dagName, index, spec } = this.#schedule;
    const { submit, log, lead } = this.#parts;
    const told = { dag: dagName, schedule: index, due: new Date(due).toISOString() };
    try {
      const { runId, existed } = await submit({
        ...submissionOf({ dagName, index }, due, spec.params),
        ...lead,
      });
      if (!existed) this.#active.push({ runId, due });
      if (!existed) log.info({ ...told, run: runId }, "started by its schedule");
      return { due, outcome: "started", runId, detail: "" };
    } catch (error) {
      if (worthRetrying[faultOf(error)] || isOver(error)) throw error;
      const detail = messageOf(error).slice(0, detailCharactersMax);
      log.warn({ ...told, error: detail }, "a schedule could not start its run");
      return { due, outcome: "failed", detail };
    }
  }
}

/** @param kind of the trigger that the run tells of */
export function submissionOf(
  { dagName, index }: ScheduleKey,
  due: number,
  params: StoredSchedule["spec"]["params"],
  kind: "schedule" | "backfill" = "schedule",
): Submission {
  const idempotencyKey = scheduleKey(dagName, index, due);
  return {
    dag: "",
    dagName,
    fileName: "",
    params,
    idempotencyKey,
    trigger: { kind, schedule: index, due },
  };
}
