/** Runs that wait: for a person, for their time, because somebody paused them. */

import { describeApprovals } from "./describe-approvals.ts";
import { describeChildrenWaiting } from "./describe-children-waiting.ts";
import { describeDeadlines } from "./describe-deadlines.ts";
import { describeItemsWaiting } from "./describe-items-waiting.ts";
import { describePause } from "./describe-pause.ts";
import type { OpenStore } from "./describe-store.ts";

export function describeWaiting(name: string, open: OpenStore): void {
  describeApprovals(name, open);
  describeDeadlines(name, open);
  describePause(name, open);
  describeItemsWaiting(name, open);
  describeChildrenWaiting(name, open);
}
