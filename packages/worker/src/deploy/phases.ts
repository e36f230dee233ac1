/** The named steps of a deploy, and how long each took; one that failed was timed as well. */

import type { Clock } from "@haversack/base";
import type { DeploymentReport, DeployPhaseName } from "@haversack/protocol";

export interface Phases {
  during<T>(name: DeployPhaseName, work: () => Promise<T> | T): Promise<T>;
  /** So far, in the order in which they ended. */
  readonly record: DeploymentReport["phases"];
}

export function timePhases(clock: Clock): Phases {
  const record: { readonly name: DeployPhaseName; readonly ms: number }[] = [];
  return {
    record,
    async during(name, work) {
      const begun = clock.monotonic();
      try {
        return await work();
      } finally {
        record.push({ name, ms: Math.round(clock.monotonic() - begun) });
      }
    },
  };
}
