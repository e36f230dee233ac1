/**
 * Runs that share a key: which of those that wait may start, and which have to end to make room. First come, first
 * served; a run that came to replace the others makes those before it end, those that wait and, as far as the limit needs
 * it, the oldest of those that are under way. Room is there when a run has ended, not when it was told to. Pure.
 */

import type { OnConflict, RunId } from "@haversack/protocol";

/** Of the unfinished runs of a key. */
export interface KeyedRun {
  readonly id: RunId;
  /** How many may be under way, as this run sees it. */
  readonly limit: number;
  readonly onConflict: OnConflict;
  /** It waits for its turn. */
  readonly held: boolean;
  readonly cancelRequested: boolean;
}

export interface KeyMoves {
  readonly start: readonly RunId[];
  readonly cancel: readonly RunId[];
}

/** @param runs all unfinished runs of one key, in the order in which they came */
export function settleKey(runs: readonly KeyedRun[]): KeyMoves {
  const cancel = superseded(runs);
  const gone = new Set(cancel);
  let underWay = runs.filter(({ held }) => !held).length;
  const start: RunId[] = [];
  for (const { id, limit, held, cancelRequested } of runs) {
    if (!held || cancelRequested || gone.has(id)) continue;
    if (underWay >= limit) break;
    start.push(id);
    underWay++;
  }
  return { start, cancel };
}

function superseded(runs: readonly KeyedRun[]): RunId[] {
  const at = runs.findLastIndex(
    ({ held, onConflict, cancelRequested }) => held && onConflict === "cancel-running" && !cancelRequested,
  );
  const newest = runs[at];
  if (newest === undefined) return [];
  const before = runs.slice(0, at).filter(({ cancelRequested }) => !cancelRequested);
  const underWay = before.filter(({ held }) => !held);
  const tooMany = Math.max(0, underWay.length + 1 - newest.limit);
  return [...underWay.slice(0, tooMany), ...before.filter(({ held }) => held)].map(({ id }) => id);
}

/** Whether a run may come at all. @param unfinished runs of its key that are there */
export const isRefused = (onConflict: OnConflict, limit: number, unfinished: number): boolean =>
  onConflict === "skip" && unfinished >= limit;
