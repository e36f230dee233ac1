/** What a worker without a container engine makes of a `deploy` task: none should come, for its hello names no engine. */

import type { Executor } from "./executor.ts";

export const noDeploy: Executor = {
  async execute() {
    const message =
      "this worker runs no containers: start it with --deploy, or choose another one by its label `deploy`";
    return { outcome: "failed", failure: { code: "no_engine", message }, outputs: new Map() };
  },
};
