/** What becomes of steps and runs. */

import { describeAttemptSecrets } from "./describe-attempt-secrets.ts";
import { describeHandlers } from "./describe-handlers.ts";
import { describeItems } from "./describe-items.ts";
import { describeLists } from "./describe-lists.ts";
import { describeOutcomes } from "./describe-outcomes.ts";
import { describeRetry } from "./describe-retry.ts";
import type { OpenStore } from "./describe-store.ts";
import { describeTraces } from "./describe-traces.ts";

export function describeRuns(name: string, open: OpenStore): void {
  describeOutcomes(name, open);
  describeHandlers(name, open);
  describeLists(name, open);
  describeRetry(name, open);
  describeItems(name, open);
  describeAttemptSecrets(name, open);
  describeTraces(name, open);
}
