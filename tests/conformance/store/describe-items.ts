/** Steps with items: opened when their turn comes, some at once, ended by the last of them. */

import { describeItemAttempts } from "./describe-item-attempts.ts";
import { describeItemEnds } from "./describe-item-ends.ts";
import { describeItemHistories } from "./describe-item-histories.ts";
import { describeItemOpening } from "./describe-item-opening.ts";
import { describeItemRetry } from "./describe-item-retry.ts";
import { describeItemStops } from "./describe-item-stops.ts";
import type { OpenStore } from "./describe-store.ts";

export function describeItems(name: string, open: OpenStore): void {
  describeItemOpening(name, open);
  describeItemEnds(name, open);
  describeItemStops(name, open);
  describeItemAttempts(name, open);
  describeItemRetry(name, open);
  describeItemHistories(name, open);
}
