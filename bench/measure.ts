/** Time taken fairly: things that are compared take turns, after a warm-up, and the median counts. */

import { systemClock } from "@haversack/base";

/** Called with a number that is another one each time. */
export type Measured = (round: number) => unknown;

export interface Rounds {
  readonly warmUp: number;
  readonly roundsMin: number;
  /** More rounds than the least, while all of them together took less than this. */
  readonly untilMs: number;
}

const roundsMax = 400;

/** Median milliseconds of each. What comes back is awaited. */
export async function medianTimes<K extends string>(
  measured: Readonly<Record<K, Measured>>,
  { warmUp, roundsMin, untilMs }: Rounds,
  signal: AbortSignal,
): Promise<Record<K, number>> {
  const names = Object.keys(measured) as K[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  let startedAt = systemClock.monotonic();
  const isEnough = (rounds: number): boolean =>
    rounds >= roundsMin && (rounds >= roundsMax || systemClock.monotonic() - startedAt > untilMs);
  for (let round = 0; round < warmUp || !isEnough(round - warmUp); round++) {
    if (round === warmUp) startedAt = systemClock.monotonic();
    for (const name of names) {
      signal.throwIfAborted();
      const from = systemClock.monotonic();
      await measured[name](round);
      if (round >= warmUp) times[name].push(systemClock.monotonic() - from);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<K, number>;
}

/** @param values not empty */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** @param values not empty, or the answer is NaN */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
