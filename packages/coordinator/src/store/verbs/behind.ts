/** What the end of steps tells those that wait for them. */

import type { StepPhase } from "@haversack/protocol";
import { type Before, passedOn } from "../../runs/outcomes.ts";
import { integer } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { stepsDependencyEnded } from "../statements/outcome.ts";
import type { VerbContext } from "../verb.ts";
import { beforeOfRow } from "./ended-step.ts";

interface Ended {
  readonly index: number;
  readonly phase: StepPhase;
  readonly continueOnError: boolean;
  readonly before: Before;
}

/** What steps that end together pass on to each step behind them. */
interface Passed {
  count: number;
  unsatisfied: boolean;
  hasFailed: boolean;
  hasCancelled: boolean;
}

/** A step whose dependencies have all ended. */
export interface Freed {
  readonly index: number;
  readonly before: Before;
}

/** @returns the steps that wait for nobody any more; not those that have ended already, such as by a cancel */
export async function freedBy(
  { tx }: VerbContext,
  { run }: { readonly run: RunState },
  ended: readonly Ended[],
  dependents: readonly (readonly number[])[],
): Promise<Freed[]> {
  const rows = [...waitingBehind(ended, dependents)].map(([index, passed]) => [
    run.no,
    index,
    passed.count,
    Number(passed.unsatisfied),
    Number(passed.hasFailed),
    Number(passed.hasCancelled),
  ]);
  const told = await tx.each(stepsDependencyEnded, rows);
  return told
    .filter((row) => integer(row, "waiting_for") === 0)
    .map((row) => ({ index: integer(row, "idx"), before: beforeOfRow(row) }));
}

function waitingBehind(
  ended: readonly Ended[],
  dependents: readonly (readonly number[])[],
): ReadonlyMap<number, Passed> {
  const behind = new Map<number, Passed>();
  for (const { index, phase, continueOnError, before } of ended) {
    const passes = passedOn(phase, continueOnError, before);
    for (const dependent of dependents[index] ?? []) {
      const all = behind.get(dependent) ?? {
        count: 0,
        unsatisfied: false,
        hasFailed: false,
        hasCancelled: false,
      };
      all.count += 1;
      all.unsatisfied ||= !passes.isSatisfied;
      all.hasFailed ||= passes.hasFailed;
      all.hasCancelled ||= passes.hasCancelled;
      behind.set(dependent, all);
    }
  }
  return behind;
}
