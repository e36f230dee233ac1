/** Asking for the end of a run. */

import type { AttemptRef, RunId } from "@haversack/protocol";
import { runRequestCancel } from "../statements/run.ts";
import type { VerbContext } from "../verb.ts";
import { cancelIdle } from "./cancel-idle.ts";
import { cancelChildren } from "./child-view.ts";
import { liveToEnd } from "./live-to-end.ts";
import { release } from "./pause-verbs.ts";

export interface CancelRequest {
  readonly id: RunId;
  readonly now: number;
}

/** Ends what nobody runs; answers with the attempts that their workers have to end (C1). */
export async function runCancel(
  context: VerbContext,
  { id, now }: CancelRequest,
): Promise<{ live: AttemptRef[] }> {
  const { tx } = context;
  const run = await context.runs.get(id);
  if ((await tx.run(runRequestCancel, run.no)) > 0) {
    run.cancelRequested = true;
    await release(context, run);
    await cancelChildren(context, run);
    await cancelIdle(context, { run, now });
  }
  return { live: run.cancelRequested ? await liveToEnd(context, run) : [] };
}
