/**
 * What a coordinator asks of its database: verbs grouped by noun. Each resolves after its commit; what was resolved
 * survives a power cut. `tests/conformance/store` holds what every engine must keep.
 */

import type { FaultError } from "@haversack/base";
import type { AttemptRef, EndedRun, Generation, RunId } from "@haversack/protocol";
import type { VerbArgs, VerbResult } from "./verb.ts";
import type { logReadVerbs, logWriteVerbs, readVerbs, writeVerbs } from "./verb-tables.ts";

/** Calls of a table of verbs; an engine fills in the context. */
export type Calls<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends (context: infer _C) => infer Result
    ? () => Result
    : (args: VerbArgs<Table[Name]>) => Promise<VerbResult<Table[Name]>>;
};

export interface ChangeListener {
  /** Runs with new events. */
  runs(ids: readonly RunId[]): void;
  /** A step became ready. */
  ready(): void;
  /** There is something to do about child runs. */
  children?(): void;
  /** Workers have to end these attempts. */
  cancelled?(refs: readonly AttemptRef[]): void;
  /** Runs with a trace have ended by a verb of this coordinator; nobody else is told. */
  ended?(runs: readonly EndedRun[]): void;
}

export interface Store extends AsyncDisposable {
  /** Which life of the database issues fences. */
  readonly generation: Generation;
  readonly write: Calls<typeof writeVerbs>;
  readonly read: Calls<typeof readVerbs>;
  /** Wakes whoever waits, after the commit. A missed wake-up is made good by a sweep. @returns the way to stop */
  listen(listener: Partial<ChangeListener>): () => void;
  /** Absent: this coordinator is the only one. */
  readonly shared?: SharedStore;
}

/** A store that several coordinators use at once. */
export interface SharedStore {
  /** Milliseconds, by the one clock that all of them see. */
  readonly now: () => Promise<number>;
  /** Another coordinator was there when this one came. */
  readonly others: boolean;
}

export interface LogStore extends AsyncDisposable {
  readonly write: Calls<typeof logWriteVerbs>;
  readonly read: Calls<typeof logReadVerbs>;
  listen(listener: Pick<ChangeListener, "runs">): () => void;
}

/** An engine that can die under its coordinator. */
export interface Dying {
  /** Resolves with the reason. */
  readonly died: Promise<FaultError>;
}
