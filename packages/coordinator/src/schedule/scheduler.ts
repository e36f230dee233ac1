/**
 * Starts stored DAGs at their times. It keeps nothing that the store does not: it reads every schedule, decides what is
 * due and sleeps until the next time, or until something wakes it. Several schedulers on one store, or one that dies
 * anywhere, start no time twice: the run and its key are one row, and the row says which time it is for.
 */

import {
  andThen,
  Background,
  type Log,
  type Ms,
  messageOf,
  type Ports,
  type Service,
  Wakeup,
} from "@haversack/base";
import type { AttemptRef, RunId } from "@haversack/protocol";
import { parseCron, timesAfter } from "../dag/cron.ts";
import { isOver, type Lead, type Leadership, soleLeader } from "../leadership/leadership.ts";
import type { Submission } from "../library/submit.ts";
import type { Store } from "../store/store.ts";
import type { StoredSchedule } from "../store/verbs/schedule-verbs.ts";
import { type DecideParts, decide } from "./decide.ts";

/** The wall clock may be set, and another coordinator may have changed a schedule: nobody tells us. */
const sweepMs: Ms = 15_000;
/** Of several coordinators, another one may have been told of a schedule. */
const sharedSweepMs: Ms = 3000;
/** After a look that failed. */
const againMs: Ms = 1000;

export interface SchedulerParts {
  readonly store: Store;
  readonly submitter: { submit: (submission: Submission) => Promise<{ runId: RunId; existed: boolean }> };
  /** Ends attempts whose run was cancelled. */
  readonly registry: { cancel: (live: readonly AttemptRef[]) => void };
  /** Of several coordinators one starts what is due. Absent: there is one. */
  readonly leadership?: Pick<Leadership, "whenLeading">;
  readonly ports: Ports;
  readonly onFailure: (error: unknown) => void;
}

export interface Scheduler {
  readonly loop: Service;
  /** A schedule came, went, was paused or resumed. */
  readonly ring: () => void;
}

export function createScheduler(parts: SchedulerParts): Scheduler {
  const { store, ports, leadership = soleLeader } = parts;
  const wakeup = new Wakeup();
  let awaited: ReadonlySet<RunId> = new Set();
  /** Runs with news since a look began. */
  let heard: Set<RunId> | undefined;
  const stopListening = store.listen({
    runs(runs) {
      for (const run of runs) heard?.add(run);
      if (runs.some((run) => awaited.has(run))) wakeup.ring();
    },
    ready() {},
  });

  async function look(lead: Lead, signal: AbortSignal): Promise<Ms> {
    const deciding = decidingOf(parts, lead);
    heard = new Set();
    const schedules = (await store.read.schedulesList({ dagName: "" })).filter(
      ({ paused }) => paused === undefined,
    );
    const waitsFor = new Set<RunId>();
    let waitMs = lead.term === undefined ? sweepMs : sharedSweepMs;
    for (const schedule of schedules) {
      signal.throwIfAborted();
      waitMs = Math.min(waitMs, await one(schedule, deciding, waitsFor));
    }
    awaited = waitsFor;
    if ([...heard].some((run) => waitsFor.has(run))) wakeup.ring();
    heard = undefined;
    return waitMs;
  }

  /** A schedule that cannot be served now does not hold up the others. @returns how long nothing is due */
  async function one(schedule: StoredSchedule, deciding: DecideParts, waitsFor: Set<RunId>): Promise<Ms> {
    try {
      const cron = parseCron(schedule.spec.cron, schedule.spec.timezone);
      const now = ports.clock.now();
      for (const run of await decide(deciding, schedule, cron, now)) waitsFor.add(run);
      const [next] = timesAfter(cron, now, 1);
      return next === undefined ? sweepMs : Math.max(0, next - ports.clock.now());
    } catch (error) {
      if (isOver(error)) throw error;
      const { dagName: dag, index } = schedule;
      ports.log.error(
        { dag, schedule: index, error: messageOf(error) },
        "a schedule could not be served; trying again",
      );
      return againMs;
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const lead = await leadership.whenLeading(signal);
      const waitMs = await look(lead, signal).catch((error: unknown) => {
        signal.throwIfAborted();
        return afterFailure(error, ports.log);
      });
      await wakeup.nextWithin(ports.clock, waitMs, signal);
    }
  }

  const loop = new Background("scheduler", run, parts.onFailure);
  return {
    loop: andThen(loop, stopListening),
    ring: () => wakeup.ring(),
  };
}

function afterFailure(error: unknown, log: Log): Ms {
  if (!isOver(error)) log.error({ error: messageOf(error) }, "schedules could not be read; trying again");
  return againMs;
}

function decidingOf({ store, submitter, registry, ports }: SchedulerParts, lead: Lead): DecideParts {
  return {
    lead,
    store,
    log: ports.log,
    submit: (submission) => submitter.submit(submission),
    async cancel(id) {
      const { live } = await store.write.runCancel({ id, now: ports.clock.now() });
      registry.cancel(live);
    },
  };
}
