/** What workers hold of a run that has to end. */

import { type AttemptRef, parseGeneration, parseStepId } from "@haversack/protocol";
import { isToEnd } from "../../runs/handlers.ts";
import { integer, text, textOrNone } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { attemptsOfRun } from "../statements/attempt.ts";
import type { VerbContext } from "../verb.ts";

/** Which live attempts of a run its workers have to end. */
export async function liveToEnd({ tx }: VerbContext, run: RunState): Promise<AttemptRef[]> {
  const rows = await tx.all(attemptsOfRun, run.no);
  return rows
    .filter((row) => isToEnd(run, textOrNone(row, "handler")))
    .map((row) => ({
      runId: run.id,
      stepId: parseStepId(text(row, "step_id")),
      generation: parseGeneration(text(row, "generation")),
      attempt: integer(row, "attempt"),
    }));
}
