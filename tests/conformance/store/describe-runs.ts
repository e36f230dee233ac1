/** What becomes of steps and runs. */

import { describeHandlers } from "./describe-handlers.ts";
import { describeItems } from "./describe-items.ts";
import { describeOutcomes } from "./describe-outcomes.ts";
import { describeRetry } from "./describe-retry.ts";
import type { OpenStore } from "./describe-store.ts";

export function describeRuns(name: string, open: OpenStore): void {
  describeOutcomes(name, open);
  describeHandlers(name, open);
  describeRetry(name, open);
  describeItems(name, open);
}
