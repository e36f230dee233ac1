/** The verbs of stored DAGs and schedules, and of the coordinator that serves them. */

import { leaderReads, leaderWrites } from "./leader-tables.ts";
import { ofLeader } from "./verbs/leader-verbs.ts";
import { schedulePause, scheduleResume, scheduleState, schedulesList } from "./verbs/schedule-verbs.ts";
import { dagDelete, dagPut, dagRead, dagsList } from "./verbs/stored-dag-verbs.ts";
import { scheduleDecide, tickRead, ticksList } from "./verbs/tick-verbs.ts";

export const scheduleWrites = {
  dagPut,
  dagDelete,
  scheduleDecide: ofLeader(scheduleDecide),
  schedulePause,
  scheduleResume,
  ...leaderWrites,
} as const;

export const scheduleReads = {
  dagRead,
  dagsList,
  schedulesList,
  scheduleState,
  ticksList,
  tickRead,
  ...leaderReads,
} as const;
