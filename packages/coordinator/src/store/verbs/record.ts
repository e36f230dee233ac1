/** Every change of a run or a step is told in the same transaction, under the run's next number (P4). */

import type { Failure, RunChange, StepChange } from "@haversack/protocol";
import type { RunState } from "../run-states.ts";
import type { VerbContext } from "../verb.ts";

export function record(
  { touched }: Pick<VerbContext, "touched">,
  run: RunState,
  change: RunChange | StepChange,
  now: number,
): void {
  run.eventSeq += 1;
  run.told.push({ at: now, change });
  touched.runs.add(run.id);
}

/** A step may start: workers wait for it, or whoever starts child runs. */
export async function tellReady({ touched, dags, tx }: VerbContext, run: RunState): Promise<void> {
  touched.ready = true;
  touched.children ||= (await dags.get(tx, run.dagDigest)).hasChildren;
}

/** The run's status, as it is now. */
export function recordRun(context: VerbContext, run: RunState, now: number, failure?: Failure): void {
  const { status, cancelRequested, isPaused } = run;
  const paused = isPaused ? ({ paused: true } as const) : {};
  const change = { kind: "run", status, cancelRequested, ...paused } as const;
  record(context, run, failure === undefined ? change : { ...change, failure }, now);
}
