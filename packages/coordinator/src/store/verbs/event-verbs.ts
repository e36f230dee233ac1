/** The events of a run, from any position on. */

import type { RunChange, RunEvent, RunId, StepChange } from "@haversack/protocol";
import { noRun } from "../missing.ts";
import { integer, json } from "../rows.ts";
import type { Row } from "../statement.ts";
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
  const events = rows.flatMap(eventsOfRow).filter(({ seq }) => seq > query.afterSeq);
  return { events: events.slice(0, query.limit), run: runOfRow(row) };
}

function eventsOfRow(row: Row): RunEvent[] {
  const at = integer(row, "at");
  const changes = json<(RunChange | StepChange)[]>(row, "changes");
  const first = integer(row, "seq") - changes.length + 1;
  return changes.map((change, index) => ({ seq: first + index, at, change }));
}
