/**
 * The first steps of queues, as a look brought them along: where few steps wait, nobody need read them again. They are as
 * old as the look, so they serve one deal of turns.
 */

import type { ReadyStep } from "../store/verbs/step-verbs.ts";

export interface Heads {
  /** Of each queue, at most. */
  readonly count: number;
  /** In the order of their queues. */
  readonly steps: readonly ReadyStep[];
}

/** The steps of these turns; undefined: there may be more of one queue than came along. */
export function headsOf(
  turns: ReadonlyMap<number, number>,
  { count, steps }: Heads,
): readonly ReadyStep[] | undefined {
  const byQueue = Map.groupBy(steps, ({ queue }) => queue);
  const chosen: ReadyStep[] = [];
  for (const [no, turn] of turns) {
    const own = byQueue.get(no) ?? [];
    if (own.length === count && turn > count) return undefined;
    chosen.push(...own.slice(0, turn));
  }
  return chosen;
}
