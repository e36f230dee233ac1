/** What is asked for by a name that the store does not have. */

import { FaultError } from "@haversack/base";

export function noRun(id: string): FaultError {
  return new FaultError("missing", "unknown_run", `there is no run ${id}; \`haversack runs\` lists them`);
}

export function noStep(runId: string, stepId: string): FaultError {
  const message = `run ${runId} has no step ${stepId}; \`haversack show\` lists them`;
  return new FaultError("missing", "unknown_step", message);
}
