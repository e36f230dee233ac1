/**
 * Writes what a verb has told, under the run's next numbers (P4). One update takes the numbers of all of a verb's events:
 * a row that is changed a hundred thousand times in one transaction would leave as many versions to walk through.
 */

import { present } from "@haversack/base";
import type { RunId } from "@haversack/protocol";
import type { PostgresConnection } from "./postgres-connection.ts";
import { integer } from "./rows.ts";
import { eventNumbersTake, eventsInsert } from "./statements/postgres-events.ts";
import type { GatheredEvent } from "./verb.ts";

/** Events in one statement. */
const sliceMax = 5000;

export async function writeEvents(
  connection: PostgresConnection,
  gathered: ReadonlyMap<RunId, readonly GatheredEvent[]>,
): Promise<void> {
  for (const [runId, events] of gathered) {
    const taken = await connection.query(eventNumbersTake, [runId, events.length], "event_numbers_take");
    const last = integer(present(taken.rows[0], `run ${runId}`), "event_seq");
    const first = last - events.length + 1;
    for (let from = 0; from < events.length; from += sliceMax) {
      const slice = events.slice(from, from + sliceMax);
      const numbers = slice.map((_, index) => first + from + index);
      const columns = [numbers, slice.map(({ at }) => at), slice.map(({ change }) => change)];
      await connection.query(eventsInsert, [runId, ...columns], "events_insert");
    }
  }
}
