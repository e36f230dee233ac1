/** Items of a run that is retried: those that are kept, with what they made. */

import { itemRange } from "@haversack/protocol";
import { integer, text } from "../rows.ts";
import type { RunState } from "../run-states.ts";
import { itemsThere } from "../statements/item.ts";
import { groupsCarry } from "../statements/retry.ts";
import { stepPhase } from "../statements/step.ts";
import type { VerbContext } from "../verb.ts";

interface Runs {
  readonly earlier: RunState;
  readonly run: RunState;
}

/** An item may never have been. */
export async function isThere(context: VerbContext, run: RunState, stepId: string): Promise<boolean> {
  const { indexOf } = await context.dags.get(context.tx, run.dagDigest);
  const index = indexOf.get(stepId);
  return index !== undefined && (await context.tx.one(stepPhase, run.no, index)) !== undefined;
}

/** A step whose items an earlier run did. */
export interface KeptItems {
  readonly index: number;
  /** All of them, with the step; else those that succeeded, for the items are the same when nothing before is done again. */
  readonly isWhole: boolean;
}

/** @returns their numbers */
export async function itemsToKeep(
  { tx, dags }: VerbContext,
  { earlier, run }: Runs,
  kept: readonly KeptItems[],
  fromStep: string | undefined,
): Promise<number[]> {
  const { spec, indexOf } = await dags.get(tx, run.dagDigest);
  const asked = fromStep === undefined ? undefined : indexOf.get(fromStep);
  const indexes: number[] = [];
  for (const { index, isWhole } of kept) {
    for (const row of await tx.all(itemsThere, earlier.no, ...itemRange(spec, index))) {
      const item = integer(row, "idx");
      if (isWhole || (text(row, "phase") === "succeeded" && item !== asked)) indexes.push(item);
    }
  }
  return indexes;
}

/** Counters of steps that are kept whole. @returns how many items each has, by the step's position */
export async function carryGroups(
  { tx }: VerbContext,
  { earlier, run }: Runs,
  kept: readonly KeptItems[],
): Promise<ReadonlyMap<number, number>> {
  const whole = kept.filter(({ isWhole }) => isWhole).map(({ index }) => [earlier.no, run.no, index]);
  const rows = await tx.each(groupsCarry, whole);
  return new Map(rows.map((row) => [integer(row, "idx"), integer(row, "total")]));
}
