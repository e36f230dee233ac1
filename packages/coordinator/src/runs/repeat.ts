/** Which steps a retry does again. Pure. */

import type { DagGraph } from "./graph.ts";

/**
 * Every step that did not succeed, the step that was named, and all that depends on any of them: what they were made
 * from is made anew. The others keep what they made.
 *
 * @param succeeded by position in the DAG
 */
export function stepsToRepeat(
  graph: DagGraph,
  succeeded: readonly boolean[],
  from: number | undefined,
): ReadonlySet<number> {
  const open = [...succeeded.keys()].filter((index) => !succeeded[index] || index === from);
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
