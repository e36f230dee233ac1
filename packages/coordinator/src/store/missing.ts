/** What is asked for by a name that the store does not have. */

import { FaultError } from "@haversack/base";

export function noRun(id: string): FaultError {
  return new FaultError("missing", "unknown_run", `there is no run ${id}; \`haversack runs\` lists them`);
}

export function noStep(runId: string, stepId: string): FaultError {
  const message = `run ${runId} has no step ${stepId}; \`haversack show\` lists them`;
  return new FaultError("missing", "unknown_step", message);
}

export function noSnapshot(digest: string): FaultError {
  const message = `there is no snapshot ${digest}; it may have been collected after its run's retention`;
  return new FaultError("missing", "unknown_snapshot", message);
}

export function noDag(name: string): FaultError {
  const message = `there is no stored DAG ${name}; \`haversack dag list\` lists them`;
  return new FaultError("missing", "unknown_dag", message);
}

export function noSchedule(dagName: string, index: number | undefined): FaultError {
  const which = index === undefined ? "no schedule" : `no schedule ${index}`;
  const message = `the stored DAG ${dagName} has ${which}; \`haversack schedule list\` lists them`;
  return new FaultError("missing", "unknown_schedule", message);
}
