/** What there is to do about child runs: found by looking, so that nothing is missed whatever died in between. */

import { type AttemptRef, parseRunId, type RunId } from "@haversack/protocol";
import { integerOrNone, text } from "../rows.ts";
import type { Row } from "../statement.ts";
import {
  childrenNextDeadline,
  childrenOverdue,
  childrenToCancel,
  childTimeOut,
  childrenEnded as ended,
} from "../statements/child-end.ts";
import { childrenToPause, childrenToResume } from "../statements/pause.ts";
import type { VerbContext } from "../verb.ts";
import { runCancel } from "./run-cancel.ts";

/** What there is to do about child runs, up to a limit of each. */
export async function childrenDue({ tx }: VerbContext, { now, limit }: { now: number; limit: number }) {
  const idOf = (row: Row): RunId => parseRunId(text(row, "id"));
  const deadline = await tx.one(childrenNextDeadline, now);
  return {
    ended: (await tx.all(ended, limit)).map((row) => ({
      childId: idOf(row),
      runId: parseRunId(text(row, "parent_id")),
    })),
    toCancel: (await tx.all(childrenToCancel, limit)).map(idOf),
    toPause: (await tx.all(childrenToPause, limit)).map(idOf),
    toResume: (await tx.all(childrenToResume, limit)).map(idOf),
    overdue: (await tx.all(childrenOverdue, now, limit)).map(idOf),
    nextDeadline: deadline === undefined ? undefined : integerOrNone(deadline, "due"),
  };
}

/** A child run that took longer than its step may is cancelled. @returns the attempts that their workers have to end */
export async function childExpire(
  context: VerbContext,
  { id, now }: { readonly id: RunId; readonly now: number },
): Promise<{ live: AttemptRef[] }> {
  if ((await context.tx.run(childTimeOut, id, now)) === 0) return { live: [] };
  return await runCancel(context, { id, now });
}
