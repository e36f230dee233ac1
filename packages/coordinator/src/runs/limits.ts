/**
 * What bounds how many steps are in flight: a key, with a limit that each step brings along, or a pool, whose limit the
 * coordinator knows. How much is in use is never kept: it is what the live attempts hold, so that nothing can leak when
 * something dies. Pure.
 */

import type { StepLimit } from "@haversack/protocol";

/** A part that a step takes of a key or a pool while it is in flight. */
export interface LimitUse {
  /** `deployment`: of the steps that deploy one name, which is no key that a person could write. */
  readonly kind: "key" | "pool" | "deployment";
  readonly name: string;
  readonly units: number;
  /** Of a key: steps of it that may be in flight, as this step sees it; of a pool absent. */
  readonly limit?: number;
}

/** Of a key or a pool at this moment. */
export interface LimitState {
  readonly inUse: number;
  /** Of a pool; absent: there is no such pool. */
  readonly limit?: number;
}

/** The step may start now, as far as this key or pool is concerned. */
export const hasRoom = (use: LimitUse, { inUse, limit }: LimitState): boolean =>
  inUse + use.units <= (use.limit ?? limit ?? 0);

/** How many steps with this use may start now. */
export function roomFor(use: LimitUse, { inUse, limit }: LimitState): number {
  return Math.max(0, Math.floor(((use.limit ?? limit ?? 0) - inUse) / use.units));
}

/**
 * What a step takes, with its keys filled in; in one order whatever the order in the file. Two keys that turn out to be
 * one are one, with the smaller limit.
 */
export function limitUses(limits: readonly StepLimit[], fill: (text: string) => string): LimitUse[] {
  const uses = new Map<string, LimitUse>();
  for (const limit of limits) {
    const use: LimitUse =
      "pool" in limit
        ? { kind: "pool", name: limit.pool, units: limit.units }
        : { kind: "key", name: fill(limit.key), units: 1, limit: limit.limit };
    const id = `${use.kind} ${use.name}`;
    const before = uses.get(id);
    uses.set(id, before?.limit === undefined || before.limit > (use.limit ?? 0) ? use : before);
  }
  return [...uses.keys()].toSorted().flatMap((id) => uses.get(id) ?? []);
}

/**
 * Which of these steps may start together, in their order: each counts for those behind it.
 * @param stateOf what is in use before the first of them
 */
export function admitted<T>(
  steps: readonly T[],
  usesOf: (step: T) => readonly LimitUse[],
  stateOf: (use: LimitUse) => LimitState,
): { readonly free: T[]; readonly full: T[] } {
  const taken = new Map<string, number>();
  const free: T[] = [];
  const full: T[] = [];
  for (const step of steps) {
    const uses = usesOf(step).map((use) => ({ use, id: `${use.kind} ${use.name}` }));
    const isFree = uses.every(({ use, id }) => {
      const { inUse, ...rest } = stateOf(use);
      return hasRoom(use, { ...rest, inUse: inUse + (taken.get(id) ?? 0) });
    });
    if (!isFree) {
      full.push(step);
      continue;
    }
    for (const { use, id } of uses) taken.set(id, (taken.get(id) ?? 0) + use.units);
    free.push(step);
  }
  return { free, full };
}

/** For people: `key deploy: 1 at a time`, `pool licences: 2 units`. */
export function useText({ kind, name, units, limit }: LimitUse): string {
  if (kind === "pool") return `pool ${name}: ${units} ${units === 1 ? "unit" : "units"}`;
  if (kind === "deployment") return `deployment ${name}: one deploy at a time`;
  return `key ${name}: ${limit ?? 1} at a time`;
}
