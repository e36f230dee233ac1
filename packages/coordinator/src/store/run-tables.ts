/** What is asked about runs. */

import { runEvents } from "./verbs/event-verbs.ts";
import { itemsRead } from "./verbs/item-verbs.ts";
import { runsList } from "./verbs/run-list.ts";
import { runSourceRead } from "./verbs/run-retry.ts";
import { runFind } from "./verbs/run-submit.ts";
import { runProgress, runRead, runsCount } from "./verbs/run-verbs.ts";

export const runReads = {
  runRead,
  runFind,
  runSourceRead,
  runsList,
  runsCount,
  runEvents,
  runProgress,
  itemsRead,
} as const;
