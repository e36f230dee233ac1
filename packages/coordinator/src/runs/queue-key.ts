/**
 * What steps have in common that wait in one queue: whoever may take the first of them may take any, so that one look at
 * the first says all that there is to say of a million.
 */

import type { Priority, Selector } from "@haversack/protocol";
import type { DeploymentNeed } from "./deployment-name.ts";
import type { LimitUse } from "./limits.ts";

export interface QueueKey {
  readonly priority: Priority;
  /** Whose turns its steps use up: the name of their DAG. */
  readonly share: string;
  /** What a worker must be like; expressions evaluated. */
  readonly selector: Selector;
  /** In one order. */
  readonly limits: readonly LimitUse[];
  /** What the steps' packs ask of their reader; absent: they have none. */
  readonly pack?: PackNeeds;
  /** Of steps that deploy; absent: they need no container engine. */
  readonly deployment?: DeploymentNeed;
}

export interface PackNeeds {
  readonly formatVersion: number;
  readonly requires: readonly string[];
}
