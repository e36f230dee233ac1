/** Every change of a run or a step is told in the same transaction, under the run's next number (P4). */

import { present } from "@haversack/base";
import type { Failure, RunChange, RunId, RunStatus, StepChange } from "@haversack/protocol";
import { flag, integer } from "../rows.ts";
import { eventInsert } from "../statements/event.ts";
import { runGet, runNextSeq } from "../statements/run.ts";
import type { VerbContext } from "../verb.ts";

export async function record(
  { tx, touched, gathered }: VerbContext,
  runId: RunId,
  change: RunChange | StepChange,
  now: number,
): Promise<void> {
  if (gathered !== undefined) {
    const own = gathered.get(runId) ?? [];
    own.push({ at: now, change: JSON.stringify(change) });
    gathered.set(runId, own);
    touched.runs.add(runId);
    return;
  }
  const row = present(await tx.one(runNextSeq, runId), `run ${runId}`);
  await tx.run(eventInsert, runId, integer(row, "event_seq"), now, JSON.stringify(change));
  touched.runs.add(runId);
}

export async function recordRun(
  context: VerbContext,
  runId: RunId,
  status: RunStatus,
  failure: Failure | undefined,
  now: number,
): Promise<void> {
  const row = present(await context.tx.one(runGet, runId), `run ${runId}`);
  const cancelRequested = flag(row, "cancel_requested");
  const change = {
    kind: "run",
    status,
    cancelRequested,
    ...(failure === undefined ? {} : { failure }),
  } as const;
  await record(context, runId, change, now);
}
