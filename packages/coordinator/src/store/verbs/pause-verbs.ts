/** Holding up a run, and letting it go on. */

import { FaultError } from "@haversack/base";
import { isTerminalRun, type RunId } from "@haversack/protocol";
import type { RunState } from "../run-states.ts";
import { readyHold, readyRelease, runPaused, runResumed } from "../statements/pause.ts";
import type { VerbContext } from "../verb.ts";
import { recordRun } from "./record.ts";

export interface PauseRequest {
  readonly id: RunId;
  /** Why, for those who find it paused; may be empty. */
  readonly reason: string;
  readonly now: number;
}

/** @returns whether it was not paused before */
export async function runPause(context: VerbContext, { id, reason, now }: PauseRequest): Promise<boolean> {
  const run = await context.runs.get(id);
  if (run.isPaused) return false;
  if (isTerminalRun(run.status) || run.cancelRequested) {
    const what = run.cancelRequested ? "was told to cancel" : "has ended";
    throw new FaultError("conflict", "run_not_running", `run ${id} ${what}: there is nothing to pause`);
  }
  await context.tx.run(runPaused, run.no, now, reason);
  run.isPaused = true;
  await context.tx.run(readyHold, run.no);
  recordRun(context, run, now);
  return true;
}

/** @returns whether it was paused before */
export async function runResume(
  context: VerbContext,
  { id, now }: Pick<PauseRequest, "id" | "now">,
): Promise<boolean> {
  const run = await context.runs.get(id);
  if (!run.isPaused) return false;
  await release(context, run);
  recordRun(context, run, now);
  return true;
}

/** Whatever held it up is over; nothing is told. */
export async function release(context: VerbContext, run: RunState): Promise<void> {
  if (!run.isPaused) return;
  run.isPaused = false;
  await context.tx.run(runResumed, run.no);
  await context.tx.run(readyRelease, run.no);
  context.touched.ready = true;
}
