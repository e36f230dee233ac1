/** The verbs about runs that come from other runs: retries and child runs; and about steps that no worker takes. */

import { childExpire, childrenDue } from "./verbs/child-due.ts";
import { childSettle } from "./verbs/child-end.ts";
import { childrenReady } from "./verbs/child-ready.ts";
import { childStart, stepRefuse } from "./verbs/child-start.ts";
import { childPause, childResume } from "./verbs/pause-verbs.ts";
import { runRetry } from "./verbs/run-retry.ts";

export const familyWrites = {
  runRetry,
  childStart,
  stepRefuse,
  childSettle,
  childExpire,
  childPause,
  childResume,
} as const;

export const familyReads = { childrenReady, childrenDue } as const;
