/** How much of keys and pools is in use, and by whom: counted from the live attempts whenever it is asked. */

import { parseRunId, type RunId } from "@haversack/protocol";
import type { LimitState, LimitUse } from "../../runs/limits.ts";
import { integer, integerOrNone, text } from "../rows.ts";
import { limitHolders, limitsInUse, limitsLock, limitsOfQueues } from "../statements/limit.ts";
import type { VerbContext } from "../verb.ts";

/** A part that the steps of a queue take, by the number of the key or pool. */
export interface NumberedUse {
  readonly no: number;
  readonly use: LimitUse;
  /** Of a pool that is there. */
  readonly supply?: number;
}

/** By queue; a queue without limits is left out. */
export async function usesOfQueues(
  { tx }: VerbContext,
  queues: Iterable<number>,
): Promise<ReadonlyMap<number, readonly NumberedUse[]>> {
  const numbers = [...new Set(queues)];
  // One row of parameters for each queue, whichever way the engine takes them.
  const rows = await tx.each(
    limitsOfQueues,
    numbers.map((no) => [no]),
  );
  const uses = rows.map((row) => {
    const kind = text(row, "kind") as LimitUse["kind"];
    const [limit, supply] = [integerOrNone(row, "at_most"), integerOrNone(row, "supply")];
    const use: LimitUse = {
      kind,
      name: text(row, "name"),
      units: integer(row, "units"),
      ...(limit === undefined ? {} : { limit }),
    };
    const no = integer(row, "shared_limit");
    return { queue: integer(row, "queue"), no, use, ...(supply === undefined ? {} : { supply }) };
  });
  return Map.groupBy(uses, ({ queue }) => queue);
}

export async function inUseOf(
  { tx }: VerbContext,
  limits: Iterable<number>,
): Promise<ReadonlyMap<number, number>> {
  const numbers = [...new Set(limits)];
  const rows = await tx.each(
    limitsInUse,
    numbers.map((no) => [no]),
  );
  return new Map(rows.map((row) => [integer(row, "no"), integer(row, "in_use")]));
}

/** Nobody else lets something start with them until the end of the transaction. */
export async function lockLimits({ tx }: VerbContext, limits: Iterable<number>): Promise<void> {
  const numbers = [...new Set(limits)].toSorted((a, b) => a - b);
  await tx.each(
    limitsLock,
    numbers.map((no) => [no]),
  );
}

export function stateOf({ no, supply }: NumberedUse, inUse: ReadonlyMap<number, number>): LimitState {
  return { inUse: inUse.get(no) ?? 0, ...(supply === undefined ? {} : { limit: supply }) };
}

/** The first few that have a part of it. */
export async function holdersOf(
  { tx }: VerbContext,
  no: number,
  limit: number,
): Promise<{ runId: RunId; stepId: string }[]> {
  return (await tx.all(limitHolders, no, limit)).map((row) => ({
    runId: parseRunId(text(row, "run_id")),
    stepId: text(row, "step_id"),
  }));
}
