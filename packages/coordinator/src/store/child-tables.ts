/** The verbs about child runs, and about steps that no worker takes. */

import { childExpire, childrenDue, childSettle } from "./verbs/child-end.ts";
import { childrenReady, childStart, stepRefuse } from "./verbs/child-start.ts";

export const childWrites = { childStart, stepRefuse, childSettle, childExpire } as const;

export const childReads = { childrenReady, childrenDue } as const;
