/** How large the site is, by the store that is under test. */

import { type Fault, type PlanOptions, planOf } from "./plan.ts";

/** Short, so that much happens in a minute; long enough for a loaded machine. */
export const leaseTtlMs = 6000;
export const workers = 3;
/** Clients that submit at once. */
export const clients = 6;

const isPostgres = (store: string): boolean => store !== "sqlite";

/** The embedded database has one owner. */
export const coordinatorsFor = (store: string): number => (isPostgres(store) ? 2 : 1);

export function planFor(asked: {
  readonly seed: number;
  readonly minutes: number;
  readonly store: string;
}): readonly Fault[] {
  const { seed, minutes, store } = asked;
  const options: PlanOptions = {
    seed,
    minutes,
    workers,
    coordinators: coordinatorsFor(store),
    leaseTtlMs,
    hasServer: isPostgres(store),
    hasNamespace: false,
  };
  return planOf(options);
}
