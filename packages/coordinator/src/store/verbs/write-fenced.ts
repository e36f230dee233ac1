/**
 * The one door for what workers write about attempts (L2). It answers with each attempt, live and theirs, or with the
 * reason why the write is refused.
 */

import {
  type AttemptRef,
  type HandlerKind,
  isTerminalStep,
  type Refusal,
  type RefusalReason,
  refKey,
  type StepPhase,
  stepAt,
  stepsCount,
  type WorkerId,
} from "@haversack/protocol";
import { isLiveStep } from "../../runs/step-moves.ts";
import type { CachedDag } from "../dag-cache.ts";
import { integer, text, textOrNone } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import type { Row } from "../statement.ts";
import { attemptEnded, attemptsNewest } from "../statements/attempt.ts";
import { itemsTold } from "../statements/item.ts";
import type { VerbContext } from "../verb.ts";
import { type AttemptRow, attemptOfRow } from "./attempt-row.ts";

export type Fenced =
  | { readonly ok: true; readonly attempt: AttemptRow }
  | {
      readonly ok: false;
      readonly reason: RefusalReason;
      readonly resultDigest?: string;
      readonly foreign?: true;
    };

/** Where the step of an attempt is. */
export interface Place {
  readonly ref: AttemptRef;
  readonly run: RunState;
  readonly index: number;
  readonly handler: HandlerKind | undefined;
  /** It is one of the items of a step. */
  readonly isItem: boolean;
}

const unknown: Fenced = { ok: false, reason: "unknown" };
/** It was given to another worker (A1). */
const foreign: Fenced = { ok: false, reason: "unknown", foreign: true };

/** @returns an answer for each, in their order */
export async function fenced(
  context: VerbContext,
  refs: readonly AttemptRef[],
  workerId: WorkerId,
): Promise<Fenced[]> {
  const places = await placesOf(context, refs);
  const known = places.filter((place) => place !== undefined);
  const keys = new Map(known.map(({ run, index }) => [`${run.no}/${index}`, [run.no, index] as const]));
  const rows = await context.tx.each(attemptsNewest, [...keys.values()]);
  const rowOf = new Map(rows.map((row) => [`${integer(row, "run")}/${integer(row, "idx")}`, row]));
  return await Promise.all(
    places.map(async (place) => {
      const row = place === undefined ? undefined : rowOf.get(`${place.run.no}/${place.index}`);
      return place === undefined || row === undefined
        ? unknown
        : await judge(context, place, { row, workerId });
    }),
  );
}

/** @returns a place for each; undefined: there is no such run or step */
export async function placesOf(
  { tx, dags, runs }: VerbContext,
  refs: readonly AttemptRef[],
): Promise<(Place | undefined)[]> {
  const states = await runs.many(refs.map(({ runId }) => runId));
  const known = new Map<RunState, CachedDag>();
  for (const run of states.values()) known.set(run, await dags.get(tx, run.dagDigest));
  return refs.map((ref) => {
    const run = states.get(ref.runId);
    const dag = run === undefined ? undefined : known.get(run);
    const index = dag?.indexOf.get(ref.stepId);
    if (run === undefined || dag === undefined || index === undefined) return undefined;
    const isItem = index >= stepsCount(dag.spec);
    return { ref, run, index, handler: stepAt(dag.spec, index)?.handler, isItem };
  });
}

async function judge(
  context: VerbContext,
  { ref, run, index }: Place,
  { row, workerId }: { readonly row: Row; readonly workerId: WorkerId },
): Promise<Fenced> {
  // A step with items is running without ever having been claimed.
  const isNewest = ref.attempt > 0 && integer(row, "attempt") === ref.attempt;
  const phase = text(row, "phase") as StepPhase;
  const isLive = isNewest && isLiveStep(phase);
  const fence = isLive ? row : await context.tx.one(attemptEnded, run.no, index, ref.attempt);
  // An attempt that is a run of its own belongs to no worker.
  const generation = fence === undefined ? undefined : textOrNone(fence, "generation");
  if (fence === undefined || generation === undefined) return unknown;
  if (generation !== ref.generation) return { ok: false, reason: "generation" };
  if (text(fence, "worker_id") !== workerId) return foreign;
  if (isLive) return { ok: true, attempt: attemptOfRow(row, run, ref.stepId) };
  const resultDigest = textOrNone(fence, "result_digest");
  const reason = isTerminalStep(phase) ? "terminal" : isNewest ? "expired" : "superseded";
  return { ok: false, reason, ...(resultDigest === undefined ? {} : { resultDigest }) };
}

/** Each attempt once. */
export async function placesKnown(
  context: VerbContext,
  refs: readonly AttemptRef[],
): Promise<[places: Place[], unknown: AttemptRef[]]> {
  const unique = [...new Map(refs.map((ref) => [refKey(ref), ref])).values()];
  const places = await placesOf(context, unique);
  const there = places.filter((place) => place !== undefined);
  return [there, unique.filter((_, index) => places[index] === undefined)];
}

/** Why these cannot be written to; an attempt that can, such as one that was started before, has no refusal. */
export async function refusals(
  context: VerbContext,
  refs: readonly AttemptRef[],
  workerId: WorkerId,
): Promise<Refusal[]> {
  if (refs.length === 0) return [];
  const answers = await fenced(context, refs, workerId);
  return refs.flatMap((ref, index) => {
    const answer = answers[index];
    return answer === undefined || answer.ok ? [] : [refusalOf(ref, answer)];
  });
}

export function refusalOf(ref: AttemptRef, answer: Fenced): Refusal {
  if (answer.ok) return { ref, reason: "unknown" };
  return { ref, reason: answer.reason, ...(answer.foreign === true ? { foreign: true } : {}) };
}

/** Items whose step has stopped while its run goes on. */
export async function toldAlone({ tx }: VerbContext, places: readonly Place[]): Promise<ReadonlySet<Place>> {
  const items = places.filter(({ isItem }) => isItem);
  const rows = await tx.each(
    itemsTold,
    items.map(({ run, index }) => [run.no, index]),
  );
  const told = new Set(rows.map((row) => `${integer(row, "run")}/${integer(row, "idx")}`));
  return new Set(items.filter(({ run, index }) => told.has(`${run.no}/${index}`)));
}
