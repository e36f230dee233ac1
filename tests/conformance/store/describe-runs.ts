/** Runs that are started again, and lists of them. */

import { describeLists } from "./describe-lists.ts";
import { describeRetry } from "./describe-retry.ts";
import type { OpenStore } from "./describe-store.ts";

export function describeRuns(name: string, open: OpenStore): void {
  describeRetry(name, open);
  describeLists(name, open);
}
