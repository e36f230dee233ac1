/** A verb is one indivisible change or one reading of the store. The same body runs on every engine. */

import type { RunId } from "@haversack/protocol";
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
}

export const untouched = (): Touched => ({ runs: new Set(), ready: false, children: false });

export interface VerbContext {
  readonly tx: Tx;
  readonly dags: DagCache;
  readonly runs: CallRuns;
  readonly touched: Touched;
}

export type Verb<Args, Result> = (context: VerbContext, args: Args) => Promise<Result>;

export type VerbArgs<V> = V extends Verb<infer Args, unknown> ? Args : never;
export type VerbResult<V> = V extends Verb<never, infer Result> ? Result : never;
