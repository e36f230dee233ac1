/** A verb is one indivisible change or one reading of the store. The same body runs on every engine. */

import type { AttemptRef, EndedRun, RunId } from "@haversack/protocol";
import type { DagCache } from "./dag-cache.ts";
import type { CallRuns } from "./run-states.ts";
import type { Tx } from "./statement.ts";

/** What committed verbs touched, so that those who wait can look again. It wakes; it never decides. */
export interface Touched {
  /** Runs with new events, or with new log bytes. */
  readonly runs: Set<RunId>;
  /** A step became ready. */
  ready: boolean;
  /** A step that no worker takes may start, a child run has ended, or child runs are to be cancelled. */
  children: boolean;
  /** Live attempts that their workers have to end; a heartbeat tells them too. */
  readonly cancelled: AttemptRef[];
  /** Runs with a trace that have ended here. */
  readonly ended: EndedRun[];
}

export const untouched = (): Touched => ({
  runs: new Set(),
  ready: false,
  children: false,
  cancelled: [],
  ended: [],
});

/** Adds what one call touched to what others did. */
export function touchAlso(all: Touched, own: Touched): void {
  for (const run of own.runs) all.runs.add(run);
  all.ready ||= own.ready;
  all.children ||= own.children;
  all.cancelled.push(...own.cancelled);
  all.ended.push(...own.ended);
}

export interface VerbContext {
  readonly tx: Tx;
  readonly dags: DagCache;
  readonly runs: CallRuns;
  readonly touched: Touched;
}

export type Verb<Args, Result> = (context: VerbContext, args: Args) => Promise<Result>;

export type VerbArgs<V> = V extends Verb<infer Args, unknown> ? Args : never;
export type VerbResult<V> = V extends Verb<never, infer Result> ? Result : never;
