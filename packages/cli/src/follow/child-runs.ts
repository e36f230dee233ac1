/** The runs that a run has started, and those that they have. */

import { FaultError } from "@haversack/base";
import type { HaversackClient, RunDetail, RunId } from "@haversack/protocol";

/** What a person can look at; a DAG may start thousands. */
const childRunsMax = 50;

/** Breadth first, up to a bounded number. One that is forgotten in between is left out. */
export async function readChildRuns(
  client: Pick<HaversackClient, "run">,
  root: RunDetail,
  signal: AbortSignal,
): Promise<ReadonlyMap<RunId, RunDetail>> {
  const found = new Map<RunId, RunDetail>();
  const open = [root];
  for (let run = open.shift(); run !== undefined; run = open.shift()) {
    for (const { childRunId } of run.steps) {
      if (childRunId === undefined || found.has(childRunId) || found.size >= childRunsMax) continue;
      const child = await client.run(childRunId, signal).catch((error: unknown) => {
        if (error instanceof FaultError && error.fault === "missing") return undefined;
        throw error;
      });
      if (child === undefined) continue;
      found.set(childRunId, child);
      open.push(child);
    }
  }
  return found;
}
