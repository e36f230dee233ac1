/** The time of a run is over: first that of its steps, then that of its handlers. */

import type { AttemptRef } from "@haversack/protocol";
import { runTimeout, timedOut } from "../../runs/deadlines.ts";
import type { RunState } from "../run-states.ts";
import { runTimedOut } from "../statements/deadline.ts";
import type { VerbContext } from "../verb.ts";
import { cancelHandlers, cancelIdle } from "./cancel-idle.ts";
import { cancelChildren } from "./child-view.ts";
import { liveToEnd } from "./live-to-end.ts";
import { setDue } from "./start-run.ts";

/** @param deadline as it was found @returns the attempts that their workers have to end */
export async function endOfTime(
  context: VerbContext,
  run: RunState,
  { due, now }: { readonly due: number; readonly now: number },
): Promise<readonly AttemptRef[]> {
  if (run.dueAt !== due) return [];
  const isOfHandlers = run.outcome !== undefined;
  if (run.cancelRequested && !isOfHandlers) {
    // It is ending already, by a cancel.
    await setDue(context, run, undefined);
    return await liveToEnd(context, run);
  }
  run.timedOut |= isOfHandlers ? timedOut.handlers : timedOut.steps;
  run.dueAt = undefined;
  run.isPaused = false;
  await context.tx.run(runTimedOut, run.no, run.timedOut);
  await cancelChildren(context, run);
  if (isOfHandlers) await cancelHandlers(context, { run, now });
  else await cancelIdle(context, { run, now }, runTimeout(await timeoutOf(context, run)));
  return await liveToEnd(context, run);
}

async function timeoutOf({ tx, dags }: VerbContext, run: RunState): Promise<number> {
  return (await dags.get(tx, run.dagDigest)).spec.timeoutMs ?? 0;
}
