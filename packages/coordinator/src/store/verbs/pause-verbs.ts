/** Holding up a run, and letting it go on. The runs that it has started follow, each under its own lock. */

import { FaultError } from "@haversack/base";
import { isTerminalRun, type RunId } from "@haversack/protocol";
import { text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { readyHold, readyRelease, runPaused, runPausedWith, runResumed } from "../statements/pause.ts";
import type { VerbContext } from "../verb.ts";
import { recordRun } from "./record.ts";

export interface PauseRequest {
  readonly id: RunId;
  /** Why, for those who find it paused; may be empty. */
  readonly reason: string;
  readonly now: number;
}

type ChildRequest = Omit<PauseRequest, "reason">;

/** @returns whether it was not paused before */
export async function runPause(context: VerbContext, { id, reason, now }: PauseRequest): Promise<boolean> {
  const run = await context.runs.get(id);
  if (run.isPaused) return false;
  if (!mayPause(run)) {
    const what = run.cancelRequested ? "was told to cancel" : "has ended";
    throw new FaultError("conflict", "run_not_running", `run ${id} ${what}: there is nothing to pause`);
  }
  await hold(context, run, { reason, now, withParent: false });
  return true;
}

/** A run whose parent is paused. It may have ended since that was seen. */
export async function childPause(context: VerbContext, { id, now }: ChildRequest): Promise<void> {
  const run = await context.runs.find(id);
  if (run === undefined || run.isPaused || !mayPause(run)) return;
  await hold(context, run, { reason: "with the run that started it", now, withParent: true });
}

const mayPause = (run: RunState): boolean => !isTerminalRun(run.status) && !run.cancelRequested;

async function hold(
  context: VerbContext,
  run: RunState,
  {
    reason,
    now,
    withParent,
  }: { readonly reason: string; readonly now: number; readonly withParent: boolean },
): Promise<void> {
  await context.tx.run(runPaused, run.no, now, reason, Number(withParent));
  run.isPaused = true;
  await context.tx.run(readyHold, run.no);
  await tellChildren(context, run);
  recordRun(context, run, now);
}

/** @returns whether it was paused before */
export async function runResume(context: VerbContext, { id, now }: ChildRequest): Promise<boolean> {
  const run = await context.runs.get(id);
  if (!run.isPaused) return false;
  const parent = await context.tx.one(runPausedWith, run.no);
  if (parent !== undefined) {
    const message = `run ${id} is paused with run ${text(parent, "parent_id")}, which started it: resume that one`;
    throw new FaultError("conflict", "paused_with_parent", message);
  }
  await release(context, run);
  recordRun(context, run, now);
  return true;
}

/** The parent goes on; one that was paused by itself stays so. */
export async function childResume(context: VerbContext, { id, now }: ChildRequest): Promise<void> {
  const run = await context.runs.find(id);
  if (run === undefined || (await context.tx.one(runPausedWith, run.no)) === undefined) return;
  await release(context, run);
  recordRun(context, run, now);
}

/** Whatever held it up is over; nothing is told. */
export async function release(context: VerbContext, run: RunState): Promise<void> {
  if (!run.isPaused) return;
  run.isPaused = false;
  await context.tx.run(runResumed, run.no);
  await context.tx.run(readyRelease, run.no);
  await tellChildren(context, run);
  context.touched.ready = true;
}

/** Steps that are child runs may start again, and those that did follow. */
async function tellChildren({ dags, tx, touched }: VerbContext, run: RunState): Promise<void> {
  touched.children ||= (await dags.get(tx, run.dagDigest)).hasChildren;
}
