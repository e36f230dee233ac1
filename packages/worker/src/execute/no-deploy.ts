/** What a worker makes of tasks that it does not take: none should come, for its hello says what it takes. */

import type { Executor } from "./executor.ts";

const refusing = (code: string, message: string): Executor => ({
  execute: async () => ({ outcome: "failed", failure: { code, message }, outputs: new Map() }),
});

/** Of one without a container engine. */
export const noDeploy = refusing(
  "no_engine",
  "this worker runs no containers: start it with --deploy, or choose another one by its label `deploy`",
);

/** Of one that deploys, and does nothing else. */
export const onlyDeploys = refusing(
  "only_deploys",
  "this worker takes deploys only (--takes deploys): choose one without the label `takes`",
);
