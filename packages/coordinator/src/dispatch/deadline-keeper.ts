/**
 * Ends what has run out of time: runs, steps that no worker took, questions that nobody answered. It keeps nothing: what is
 * due stands in the store, so a time that passed while no coordinator was there is served by the next one. It
 * sleeps until the next time that it knows of, and looks again soon enough to find one that came since. Of several
 * coordinators the leader does it. One that dies anywhere, or two at once, end nothing twice: each end compares the time
 * that it was found with.
 */

import { Background, type Ms, messageOf, type Ports, pause, type Service } from "@haversack/base";
import type { AttemptRef } from "@haversack/protocol";
import { isOver, type Lead, type Leadership } from "../leadership/leadership.ts";
import type { Store } from "../store/store.ts";
import type { Deadline } from "../store/verbs/deadline-verbs.ts";

/** How late a time limit may be noticed that came after the last look. */
const lookEachMs: Ms = 1000;
/** Served together; what else is due comes next. */
const perRound = 200;

export interface DeadlineKeeperParts {
  readonly store: Store;
  /** Ends attempts whose run has no more time. */
  readonly registry: { readonly cancel: (live: readonly AttemptRef[]) => void };
  /** The clock that all coordinators of the store share. */
  readonly ports: Ports;
  readonly leadership: Pick<Leadership, "whenLeading">;
}

export function deadlineKeeper(parts: DeadlineKeeperParts, onFailure: (error: unknown) => void): Service {
  const { store, registry, leadership } = parts;
  const { clock, log } = parts.ports;

  /** @returns how long nothing is due, as far as it knows */
  async function look(signal: AbortSignal): Promise<Ms> {
    for (;;) {
      const lead = await leadership.whenLeading(signal);
      const now = clock.now();
      const { due, next } = await store.read.deadlinesDue({ now, limit: perRound });
      const served = await Promise.all(due.map((deadline) => serve(deadline, now, lead)));
      // One that cannot be served must not be asked for without a pause.
      if (due.length === 0 || !served.includes(true)) {
        return next === undefined ? lookEachMs : Math.min(lookEachMs, Math.max(1, next - clock.now()));
      }
    }
  }

  /** One that fails does not hold up the others. */
  async function serve(deadline: Deadline, now: Ms, lead: Lead): Promise<boolean> {
    const { kind, runId: run } = deadline;
    try {
      const { live } = await store.write.deadlineServe({ ...deadline, now, ...lead });
      registry.cancel(live);
      log.info({ run, kind, late: now - deadline.due }, "a time limit is over");
      return true;
    } catch (error) {
      // The next leader goes on where we were.
      if (isOver(error)) return false;
      log.error({ run, kind, error: messageOf(error) }, "a time limit could not be served; trying again");
      return false;
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = await look(signal).catch((error: unknown) => {
        signal.throwIfAborted();
        log.error({ error: messageOf(error) }, "time limits could not be read; trying again");
        return lookEachMs;
      });
      await pause(clock, waitMs, signal);
    }
  }

  return new Background("deadline-keeper", run, onFailure);
}
