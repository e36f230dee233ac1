/**
 * A second look at what an agent asks of memory, by the process that reports it: the one that ran the model and its
 * tools may be wrong, or no longer be what was started.
 */

import type { MemoryOperation } from "@haversack/protocol";
import { noteProblem } from "@haversack/snapshot";
import { memoryOperationsMax, memoryRemovalsMax } from "../agent/memory-desk.ts";

/** Ids of operations and of entries. */
const idPattern = /^[0-9A-Za-z_-]{1,64}$/;

/** Why a step must not end with these; undefined: it may. */
export function memoryProblem(operations: readonly MemoryOperation[]): string | undefined {
  const asked = "the agent asked memory for";
  if (operations.length > memoryOperationsMax) {
    return `${asked} ${operations.length} changes, and a step may ask for ${memoryOperationsMax}`;
  }
  const removals = operations.filter(({ change }) => change.kind === "remove").length;
  if (removals > memoryRemovalsMax) {
    return `${asked} ${removals} removals, and a step may ask for ${memoryRemovalsMax}`;
  }
  if (new Set(operations.map(({ id }) => id)).size < operations.length) {
    return `${asked} two changes of the same id`;
  }
  for (const [index, operation] of operations.entries()) {
    const problem = operationProblem(operation);
    if (problem !== undefined) return `${asked} a change that cannot be made: number ${index + 1} ${problem}`;
  }
  return undefined;
}

function operationProblem({ id, change }: MemoryOperation): string | undefined {
  if (!idPattern.test(id)) return "has an id that is none";
  if (change.kind !== "add" && !idPattern.test(change.entry)) return "names an entry by what is no id";
  const problem = change.kind === "remove" ? undefined : noteProblem(change.text);
  return problem === undefined ? undefined : `has a text that ${problem}`;
}
