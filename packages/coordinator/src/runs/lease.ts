/**
 * Why nobody's work counts twice.
 *
 * A worker that is given an attempt gets a *lease*: the right to run it for a while, renewed by each heartbeat. When
 * the lease ends without a renewal, the coordinator gives the step to somebody else. Two things could go wrong: the
 * first worker may still be running the step, and it may still report. Each has its own answer.
 *
 * **It may still report: the fence.** The coordinator cannot know whether a silent worker is dead, frozen or cut off,
 * and no clock can tell it. So it never relies on the worker having stopped. Each claim raises the step's attempt
 * number, and each write of a worker carries the number that it was given, with the generation of the database that
 * issued it. The store compares both in the statement that writes; a number that is not the current one changes
 * nothing (L2). A result is accepted at most once even if every message arrives twice (L4).
 *
 * **It may still be running: trust ends earlier than the lease.** The worker counts from *before* it sent the renewal
 * that was last acknowledged, the coordinator from after it received it; the worker stops `marginMs` before the end.
 * Sending comes before receipt, so the worker always stops first, whatever the two wall clocks say: only lengths of
 * time are compared, never dates. Between the two instants the worker has time to end its processes.
 *
 * **The coordinator may be the one that was away.** After a start, nobody could have renewed, so every live lease is
 * extended to at least `freshTrustMs` from now: no step is taken from a worker for our own absence (L5).
 *
 * **A worker may come back.** Its hello lists what it holds. What the store thinks it holds beyond that is lost, at
 * once, without waiting for the lease; what it holds and the store does not know is refused, by name.
 *
 * Generation: a counter that only grows and a random tag, made with the database; it grows when a database is
 * restored, so that fences of the lost future are not accepted (P10).
 */

import type { Ms } from "@haversack/base";

export interface LeaseTimes {
  /** How long a claim or a renewal is good for, counted by the coordinator from receipt. */
  readonly ttlMs: Ms;
  /** Between two heartbeats of one worker. */
  readonly heartbeatMs: Ms;
  /** What every live lease gets at least after the coordinator was away. */
  readonly freshTrustMs: Ms;
}

/** The default: six heartbeats of 5 s in a lease of 30 s. */
export const leaseTtlDefaultMs = 30_000;

/** @param ttlMs of at least 1 s; tests use short ones */
export function leaseTimes(ttlMs: Ms): LeaseTimes {
  return {
    ttlMs,
    heartbeatMs: Math.floor(ttlMs / 6),
    freshTrustMs: Math.max(ttlMs, Math.min(60_000, ttlMs * 2)),
  };
}

/** An attempt that was lost with its worker is tried again; the third loss fails the step. */
export const lostAttemptsMax = 3;
