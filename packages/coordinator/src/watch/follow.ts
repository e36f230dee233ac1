/** Events and logs as streams: what is there, then what comes, in order, until the end. */

import { abortable, type Clock, type Wakeup } from "@haversack/base";
import { isTerminalRun, isTerminalStep, type LogPiece, type RunEvent, type RunId } from "@haversack/protocol";
import type { LogStore, Store } from "../store/store.ts";
import type { RunChanges } from "./run-changes.ts";

const pageSize = 500;
/** A missed wake-up is made good after this long. */
const sweepMs = 5000;

export interface FollowParts {
  readonly store: Store;
  readonly logs: LogStore;
  readonly runChanges: RunChanges;
  readonly logChanges: RunChanges;
  readonly clock: Clock;
}

/** Every event after `afterSeq`; ends after the last one of the run. */
export async function* followEvents(
  parts: FollowParts,
  id: RunId,
  afterSeq: number,
  signal: AbortSignal,
): AsyncIterable<RunEvent> {
  using watch = parts.runChanges.watch(id);
  let seq = afterSeq;
  for (;;) {
    const { events, run } = await abortable(
      parts.store.read.runEvents({ id, afterSeq: seq, limit: pageSize }),
      signal,
    );
    yield* events;
    seq = events.at(-1)?.seq ?? seq;
    // An event after the last one of an ended run cannot come; a full page may hide more.
    if (isTerminalRun(run.status) && seq >= run.eventSeq) return;
    if (events.length < pageSize) await watch.wakeup.nextWithin(parts.clock, sweepMs, signal);
  }
}

export interface LogFollow {
  readonly runId: RunId;
  /** Empty: every step. */
  readonly stepId: string;
  readonly after: number;
  readonly follow: boolean;
}

/**
 * Log pieces in the order in which they were stored. A worker reports a result only after its logs are on disk here,
 * so when the run (or the step) has ended, everything has been stored.
 */
export async function* followLogs(
  parts: FollowParts,
  query: LogFollow,
  signal: AbortSignal,
): AsyncIterable<LogPiece> {
  using runs = parts.runChanges.watch(query.runId);
  using logs = parts.logChanges.watch(query.runId);
  let { after } = query;
  for (;;) {
    const ended = !query.follow || (await hasEnded(parts.store, query));
    let page: LogPiece[];
    do {
      page = await abortable(parts.logs.read.logsRead({ ...query, after, limit: pageSize }), signal);
      yield* page;
      after = page.at(-1)?.position ?? after;
    } while (page.length === pageSize);
    if (ended) return;
    await eitherChanges(parts.clock, [runs.wakeup, logs.wakeup], signal);
  }
}

async function hasEnded(store: Store, { runId, stepId }: LogFollow): Promise<boolean> {
  const { status, stepPhase } = await store.read.runProgress({ id: runId, stepId });
  return stepPhase === undefined ? isTerminalRun(status) : isTerminalStep(stepPhase);
}

async function eitherChanges(clock: Clock, wakeups: readonly Wakeup[], signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  try {
    await Promise.race(wakeups.map((wakeup) => wakeup.nextWithin(clock, sweepMs, either)));
  } finally {
    done.abort();
  }
}
