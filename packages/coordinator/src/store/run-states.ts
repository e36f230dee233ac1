/**
 * Runs as the calls of one transaction see them. Each is read once; its counters and its events are written once, when
 * the transaction ends: a row that is changed for each of ten thousand steps would cost more than the steps. What others
 * look for (status, cancel) is written at once. A call that fails leaves nothing behind here, as in the database.
 */

import { invariant, present } from "@haversack/base";
import {
  type Digest,
  parseDigest,
  parseRunId,
  type RunChange,
  type RunId,
  type RunStatus,
  type StepChange,
} from "@haversack/protocol";
import type { RunEnd } from "../runs/run-end.ts";
import { noRun } from "./missing.ts";
import { flag, integer, integerOrNone, text, textOrNone } from "./rows.ts";
import type { Row, Tx } from "./statement.ts";
import { eventsInsert } from "./statements/event.ts";
import { runCounters, runsLoad } from "./statements/run.ts";

export interface RunState {
  /** Of this database: what the rows of the run stand under. */
  readonly no: number;
  readonly id: RunId;
  readonly dagDigest: Digest;
  readonly dagName: string;
  /** JSON object. */
  readonly params: string;
  readonly createdAt: number;
  /** JSON of a `RunTrace`; undefined: it has none. */
  readonly trace: string | undefined;
  /** A step of another run waits for its end. */
  isChild: boolean;
  status: RunStatus;
  cancelRequested: boolean;
  isPaused: boolean;
  /** When its time is over; undefined: it has no limit, or has not started. */
  dueAt: number | undefined;
  /** What has no time any more: bits of `timedOut`. */
  timedOut: number;
  /** How the steps ended, once they have. */
  outcome: RunEnd | undefined;
  /** Number of the newest event. */
  eventSeq: number;
  /** Steps, or handlers, that have not ended. */
  unfinished: number;
  /** Events that are not written yet, oldest first. */
  readonly told: Told[];
}

export interface Told {
  readonly at: number;
  readonly change: RunChange | StepChange;
}

/** Changes in one row of events. */
const changesMax = 256;

export class TransactionRuns {
  readonly #states = new Map<RunId, RunState>();

  async load(tx: Tx, ids: Iterable<RunId>): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#states.has(id));
    if (missing.length === 0) return;
    const keys = missing.map((id) => [id]);
    for (const row of await tx.each(runsLoad, keys)) {
      const state = stateOfRow(row);
      // Of two calls that asked at once, the first answer counts.
      if (!this.#states.has(state.id)) this.#states.set(state.id, state);
    }
  }

  get(id: RunId): RunState | undefined {
    return this.#states.get(id);
  }

  /** What a call that succeeded has done. */
  take(changed: RunState): void {
    const known = this.#states.get(changed.id);
    if (known === undefined) {
      this.#states.set(changed.id, changed);
      return;
    }
    const { told } = known;
    for (const each of changed.told) told.push(each);
    this.#states.set(changed.id, { ...changed, told });
  }

  /** The last thing before the commit. */
  async flush(tx: Tx): Promise<void> {
    const changed = [...this.#states.values()].filter(({ told }) => told.length > 0);
    if (changed.length === 0) return;
    const counters = changed.map(({ no, eventSeq, unfinished }) => [no, eventSeq, unfinished]);
    const events = changed.flatMap(eventRows);
    await Promise.all([tx.each(runCounters, counters), tx.each(eventsInsert, events)]);
  }
}

/** The runs of one call. */
export class CallRuns {
  readonly #tx: Tx;
  readonly #all: TransactionRuns;
  readonly #own = new Map<RunId, RunState>();

  constructor(tx: Tx, all: TransactionRuns) {
    this.#tx = tx;
    this.#all = all;
  }

  /** Those that are there; one that is being forgotten is not. */
  async many(ids: Iterable<RunId>): Promise<ReadonlyMap<RunId, RunState>> {
    const unique = new Set(ids);
    await this.#all.load(this.#tx, unique);
    const found = new Map<RunId, RunState>();
    for (const id of unique) {
      const state = this.#known(id);
      if (state !== undefined) found.set(id, state);
    }
    return found;
  }

  async find(id: RunId): Promise<RunState | undefined> {
    return this.#known(id) ?? (await this.many([id])).get(id);
  }

  /** Rejects when it is not there. */
  async get(id: RunId): Promise<RunState> {
    const state = await this.find(id);
    if (state === undefined) throw noRun(id);
    return state;
  }

  /** One that this call has just inserted. */
  add(state: RunState): void {
    this.#own.set(state.id, state);
  }

  /** The call has succeeded. */
  keep(): void {
    for (const state of this.#own.values()) this.#all.take(state);
  }

  #known(id: RunId): RunState | undefined {
    const own = this.#own.get(id);
    if (own !== undefined) return own;
    const shared = this.#all.get(id);
    if (shared === undefined) return undefined;
    const copy = { ...shared, told: [] };
    this.#own.set(id, copy);
    return copy;
  }
}

/** @param row as it was inserted */
export const newRun = (
  row: Pick<
    RunState,
    "no" | "id" | "dagDigest" | "dagName" | "params" | "createdAt" | "trace" | "unfinished"
  >,
): RunState => ({
  ...row,
  isChild: false,
  status: "queued",
  cancelRequested: false,
  isPaused: false,
  dueAt: undefined,
  timedOut: 0,
  outcome: undefined,
  eventSeq: 0,
  told: [],
});

function stateOfRow(row: Row): RunState {
  return {
    no: integer(row, "no"),
    id: parseRunId(text(row, "id")),
    dagDigest: parseDigest(text(row, "dag_digest")),
    dagName: text(row, "dag_name"),
    params: text(row, "params"),
    createdAt: integer(row, "created_at"),
    trace: textOrNone(row, "trace"),
    isChild: textOrNone(row, "parent_id") !== undefined,
    status: text(row, "status") as RunStatus,
    cancelRequested: flag(row, "cancel_requested"),
    isPaused: row["paused_at"] !== null,
    dueAt: integerOrNone(row, "due_at"),
    timedOut: integer(row, "time_over"),
    outcome: textOrNone(row, "outcome") as RunEnd | undefined,
    eventSeq: integer(row, "event_seq"),
    unfinished: integer(row, "unfinished"),
    told: [],
  };
}

/** Changes of one moment share a row, under the number of the last of them. */
function eventRows({ no, eventSeq, told }: RunState): [number, number, number, string][] {
  const rows: [number, number, number, string][] = [];
  let seq = eventSeq - told.length;
  let from = 0;
  while (from < told.length) {
    const { at } = present(told[from], "an event");
    let to = from + 1;
    while (to < told.length && to - from < changesMax && told[to]?.at === at) to++;
    const changes = told.slice(from, to).map(({ change }) => change);
    seq += changes.length;
    rows.push([no, seq, at, JSON.stringify(changes)]);
    from = to;
  }
  invariant(seq === eventSeq, "every number has its event");
  return rows;
}
