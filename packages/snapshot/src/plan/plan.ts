import { SnapshotError } from "../errors.ts";
import type { Library } from "../library/library.ts";
import type { PlannableDag, PlanOptions, PlanOutcome } from "./plannable.ts";

/** One plan for each agent step that is reached from the DAG, or every problem that stands in the way. Never rejects. */
export async function planSnapshots(
  dag: PlannableDag,
  _library: Library,
  _options: PlanOptions = {},
): Promise<PlanOutcome> {
  throw new SnapshotError("snapshot_invalid", `not there yet: ${dag.name}`);
}
