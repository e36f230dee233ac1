/** Tells the worker of each turn, for its traces: when, by which model, how many tokens; nothing that was said. */

import type { Clock } from "@haversack/base";
import type { Upward } from "./assignment.ts";
import type { TurnObserver } from "./turn-loop.ts";

export type TurnReport = Extract<Upward, { kind: "turn" }>;

/** A turn begins where the loop, or the last tool of the turn before, left off. */
export function turnReports(
  inner: TurnObserver,
  clock: Clock,
  tell: (report: TurnReport) => void,
): TurnObserver {
  let startedAt = clock.now();
  return {
    async responded(number, turn) {
      const { model, inputTokens, outputTokens } = turn;
      tell({ kind: "turn", model, inputTokens, outputTokens, startedAt, endedAt: clock.now() });
      await inner.responded(number, turn);
      startedAt = clock.now();
    },
    toolIntended: (number, call, summary) => inner.toolIntended(number, call, summary),
    async toolEnded(number, call, end) {
      await inner.toolEnded(number, call, end);
      startedAt = clock.now();
    },
  };
}
