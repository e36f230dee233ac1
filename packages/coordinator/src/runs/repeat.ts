/** Which steps a retry does again. Pure. */

import type { StepPhase } from "@haversack/protocol";
import type { DagGraph } from "./graph.ts";

/**
 * Every step that did not succeed, the step that was named, and all that depends on any of them: what they were made
 * from is made anew. The others keep what they made. A step that was skipped is decided anew when something before it
 * is done again, else it stays skipped: what its `if` looked at is the same.
 *
 * @param phases by position in the DAG
 */
export function stepsToRepeat(
  graph: DagGraph,
  phases: readonly StepPhase[],
  from: number | undefined,
): ReadonlySet<number> {
  const isKept = (phase: StepPhase | undefined) => phase === "succeeded" || phase === "skipped";
  const open = [...phases.keys()].filter((index) => !isKept(phases[index]) || index === from);
  const again = new Set(open);
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    for (const dependent of graph.dependents[step] ?? []) {
      if (again.has(dependent)) continue;
      again.add(dependent);
      open.push(dependent);
    }
  }
  return again;
}
