/**
 * Runs that ended longer ago than they are kept. First they are marked: from then on nobody finds them. Then their
 * rows go, a bounded number in a transaction, and the row of the run itself last.
 *
 * The invariant: whatever is left of a forgotten run, in this database, in the logs' or on the disk, its row is still
 * here. So a process that is killed anywhere in between is followed by one that finds the run and goes on, and whoever
 * erases a run has erased its logs before (`retention/janitor.ts`).
 */

import { parseRunId, type RunId } from "@haversack/protocol";
import { integer, text } from "../rows.ts";
import type { Tx } from "../statement.ts";
import { pinnedDagsErase, pinnedStepsErase } from "../statements/pinned.ts";
import {
  dagErase,
  familiesRetire,
  runsForgotten as forgotten,
  runsRetire as retire,
  runErase,
  runForgotten,
  runMemoryErase,
  runRowsErase,
} from "../statements/retention.ts";
import type { VerbContext } from "../verb.ts";

export interface Retirement {
  /** Wall clock. Only runs that ended before. */
  readonly endedBefore: number;
  readonly limit: number;
}

/** Hides runs from every reader, and what they started with them. @returns how many that nobody started */
export async function runsRetire({ tx }: VerbContext, { endedBefore, limit }: Retirement): Promise<number> {
  const retired = await tx.all(retire, endedBefore, limit);
  await tx.each(
    familiesRetire,
    retired.map((row) => [text(row, "id")]),
  );
  return retired.length;
}

export async function runsForgotten({ tx }: VerbContext, { limit }: { limit: number }): Promise<RunId[]> {
  return (await tx.all(forgotten, limit)).map((row) => parseRunId(text(row, "id")));
}

/** Deletes rows of forgotten runs, and of no others. @returns how many; fewer than the limit: nothing is left of them */
export async function runsErase(
  { tx }: VerbContext,
  { ids, limit }: { ids: readonly RunId[]; limit: number },
): Promise<number> {
  let rows = 0;
  for (const id of ids) {
    const run = await tx.one(runForgotten, id);
    if (run === undefined) continue;
    rows += await tx.run(runMemoryErase, id, limit - rows);
    for (const statement of runRowsErase) {
      if (rows >= limit) return rows;
      rows += await tx.run(statement, integer(run, "no"), limit - rows);
    }
    if (rows >= limit) return rows;
    rows += await erasePins(tx, integer(run, "no"), limit - rows);
    if (rows >= limit) return rows;
    rows += await tx.run(runErase, id);
    await tx.run(dagErase, text(run, "dag_digest"));
  }
  return rows;
}

/** With the DAGs that nothing else names. @returns how many rows; fewer than the limit: nothing is left */
async function erasePins(tx: Tx, run: number, limit: number): Promise<number> {
  const steps = await tx.run(pinnedStepsErase, run, limit);
  if (steps >= limit) return steps;
  const dags = await tx.all(pinnedDagsErase, run, limit - steps);
  for (const row of dags) await tx.run(dagErase, text(row, "dag_digest"));
  return steps + dags.length;
}
