/**
 * The named steps of a deploy, and how long each took in all; one that failed was timed as well. Each is told once, or once
 * more by the build that follows an image from which it did not come up.
 */

import type { Clock } from "@haversack/base";
import type { DeploymentReport, DeployPhaseName } from "@haversack/protocol";

export interface Phases {
  during<T>(name: DeployPhaseName, work: () => Promise<T> | T): Promise<T>;
  /** From here on it is another launch. */
  again(): void;
  /** So far, in the order in which they ended first. */
  readonly record: DeploymentReport["phases"];
}

export function timePhases(clock: Clock): Phases {
  const record: { readonly name: DeployPhaseName; ms: number }[] = [];
  let launchAt = 0;
  return {
    record,
    again: () => void (launchAt = record.length),
    async during(name, work) {
      const begun = clock.monotonic();
      try {
        return await work();
      } finally {
        const ms = Math.round(clock.monotonic() - begun);
        const known = record.find((each, at) => at >= launchAt && each.name === name);
        if (known === undefined) record.push({ name, ms });
        else known.ms += ms;
      }
    },
  };
}
