/** The verbs of stored DAGs and schedules. */

import { schedulePause, scheduleResume, scheduleState, schedulesList } from "./verbs/schedule-verbs.ts";
import { dagDelete, dagPut, dagRead, dagsList } from "./verbs/stored-dag-verbs.ts";
import { scheduleDecide, tickRead, ticksList } from "./verbs/tick-verbs.ts";

export const scheduleWrites = { dagPut, dagDelete, scheduleDecide, schedulePause, scheduleResume } as const;

export const scheduleReads = {
  dagRead,
  dagsList,
  schedulesList,
  scheduleState,
  ticksList,
  tickRead,
} as const;
