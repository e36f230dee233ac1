/**
 * Runs that share a key. Whoever brings one, or lets one start, holds the row of the key: so there are never more under way
 * than the limit. A run that waits has all its steps waiting, and starts in a transaction of its own once there is room.
 */

import { FaultError } from "@haversack/base";
import { type OnConflict, parseRunId, type RunConcurrency, type RunId } from "@haversack/protocol";
import { isRefused, type KeyedRun, settleKey } from "../../runs/run-key.ts";
import { flag, integer, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { keysHeld, runKeyOf, runKeySet, runRelease, runsOfKey, stepsHeld } from "../statements/run-key.ts";
import type { VerbContext } from "../verb.ts";
import { decideHeld } from "./end-run.ts";
import { lockLimits } from "./limit-state.ts";
import { sharedLimit } from "./queue-rows.ts";

/** A place under a key; the run itself comes later in the same transaction. */
export interface KeyPlace {
  readonly no: number;
  readonly limit: number;
  readonly onConflict: OnConflict;
  /** It waits for its turn. */
  readonly held: boolean;
}

/** Unfinished runs of a key that are looked at: the oldest. */
const runsMax = 1000;
/** That are named when a run is refused. */
const namesMax = 3;

/** Rejects when the run is not to come at all. */
export async function enterKey(
  context: VerbContext,
  { key, limit, onConflict }: RunConcurrency,
): Promise<KeyPlace> {
  const no = await sharedLimit(context, "run", key);
  return await enter(context, { no, limit, onConflict }, key);
}

/** As an earlier run did. @returns undefined: it has no key */
export async function enterKeyOf(context: VerbContext, earlier: RunState): Promise<KeyPlace | undefined> {
  const row = await context.tx.one(runKeyOf, earlier.no);
  if (row === undefined || row["run_key"] === null) return undefined;
  const [no, limit] = [integer(row, "run_key"), integer(row, "key_limit")];
  const onConflict = text(row, "on_conflict") as OnConflict;
  return await enter(context, { no, limit, onConflict }, text(row, "name"));
}

async function enter(context: VerbContext, place: Omit<KeyPlace, "held">, key: string): Promise<KeyPlace> {
  await lockLimits(context, [place.no]);
  const unfinished = await keyedRuns(context, place.no, place.limit);
  if (isRefused(place.onConflict, place.limit, unfinished.length)) {
    const names = unfinished.slice(0, namesMax).map(({ id }) => id);
    const message = `the key ${key} is taken by ${names.join(", ")}; wait for its end, or say \`onConflict: queue\``;
    throw new FaultError("conflict", "run_key_taken", message);
  }
  return { ...place, held: unfinished.length >= place.limit };
}

export async function setKey({ tx }: VerbContext, run: RunState, place: KeyPlace): Promise<void> {
  await tx.run(runKeySet, run.no, place.no, place.limit, place.onConflict, place.held ? 1 : 0);
}

interface NumberedRun extends KeyedRun {
  readonly no: number;
}

async function keyedRuns({ tx }: VerbContext, key: number, limit: number): Promise<NumberedRun[]> {
  return (await tx.all(runsOfKey, key, limit)).map((row) => ({
    no: integer(row, "no"),
    id: parseRunId(text(row, "id")),
    limit: integer(row, "key_limit"),
    onConflict: text(row, "on_conflict") as OnConflict,
    held: flag(row, "held"),
    cancelRequested: flag(row, "cancel_requested"),
  }));
}

export interface Admission {
  readonly now: number;
  /** Keys with a higher number. */
  readonly after: number;
  /** Keys, at most. */
  readonly limit: number;
}

/**
 * Lets runs start whose key has room. @returns those that have to end before others can start; `held`: some still wait;
 * `next`: after which key the next look begins, absent after the last
 */
export async function runsAdmit(context: VerbContext, { now, after, limit }: Admission) {
  const keys = (await context.tx.all(keysHeld, after, limit)).map((row) => integer(row, "run_key"));
  await lockLimits(context, keys);
  const cancel: RunId[] = [];
  let held = false;
  for (const key of keys) {
    const runs = await keyedRuns(context, key, runsMax);
    const moves = settleKey(runs);
    held ||= runs.filter((run) => run.held).length > moves.start.length;
    cancel.push(...moves.cancel);
    const starting = new Set(moves.start);
    for (const run of runs) if (starting.has(run.id)) await release(context, run, now);
  }
  const next = keys.length < limit ? undefined : keys.at(-1);
  return { cancel, held, ...(next === undefined ? {} : { next }) };
}

async function release(context: VerbContext, { no, id }: NumberedRun, now: number): Promise<void> {
  // First of all: from then on nobody else changes the run, and what is read of it stays true.
  if ((await context.tx.run(runRelease, no)) === 0) return;
  const run = await context.runs.get(id);
  const indexes = (await context.tx.all(stepsHeld, no)).map((row) => integer(row, "idx"));
  await decideHeld(context, { run, now }, indexes);
}
