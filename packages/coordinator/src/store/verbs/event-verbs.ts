/** The events of a run, from any position on. */

import type { RunChange, RunEvent, RunId, StepChange } from "@haversack/protocol";
import { noRun } from "../missing.ts";
import { integer, json } from "../rows.ts";
import { eventsAfter } from "../statements/event.ts";
import { runGet } from "../statements/run.ts";
import type { VerbContext } from "../verb.ts";
import { runOfRow } from "./run-verbs.ts";

export interface EventQuery {
  readonly id: RunId;
  readonly afterSeq: number;
  readonly limit: number;
}

export async function runEvents({ tx }: VerbContext, query: EventQuery) {
  const row = await tx.one(runGet, query.id);
  if (row === undefined) throw noRun(query.id);
  const rows = await tx.all(eventsAfter, query.id, query.afterSeq, query.limit);
  const events = rows.map(
    (event): RunEvent => ({
      seq: integer(event, "seq"),
      at: integer(event, "at"),
      change: json<RunChange | StepChange>(event, "change"),
    }),
  );
  return { events, run: runOfRow(row) };
}
