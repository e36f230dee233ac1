/** Which verbs an engine must answer. Writing verbs share commits; reading ones have a connection of their own. */

import { familyReads, familyWrites } from "./family-tables.ts";
import { placementReads, placementWrites } from "./placement-tables.ts";
import { retentionReads, retentionWrites } from "./retention-tables.ts";
import { runReads } from "./run-tables.ts";
import { scheduleReads, scheduleWrites } from "./schedule-tables.ts";
import { attemptIsLive, attemptsFinish, attemptsStart } from "./verbs/attempt-verbs.ts";
import { leasesRenew, leasesTrust, workerGreet } from "./verbs/lease-verbs.ts";
import { logsAppend, logsErase, logsRead } from "./verbs/log-verbs.ts";
import {
  memoryAt,
  memoryRead,
  memoryResolve,
  memoryRevert,
  memoryReviews,
  memoryScopes,
  memoryVersions,
} from "./verbs/memory-verbs.ts";
import { runCancel } from "./verbs/run-verbs.ts";
import { snapshotOfStep, snapshotRead } from "./verbs/snapshot-verbs.ts";

export const writeVerbs = {
  runCancel,
  attemptsStart,
  attemptsFinish,
  leasesRenew,
  leasesTrust,
  workerGreet,
  memoryResolve,
  memoryRevert,
  ...placementWrites,
  ...familyWrites,
  ...retentionWrites,
  ...scheduleWrites,
} as const;

export const readVerbs = {
  ...runReads,
  ...placementReads,
  attemptIsLive,
  snapshotRead,
  snapshotOfStep,
  memoryAt,
  memoryRead,
  memoryReviews,
  memoryScopes,
  memoryVersions,
  ...familyReads,
  ...retentionReads,
  ...scheduleReads,
} as const;

export const logWriteVerbs = { logsAppend, logsErase } as const;
export const logReadVerbs = { logsRead } as const;

export const verbTables = {
  write: writeVerbs,
  read: readVerbs,
  "log-write": logWriteVerbs,
  "log-read": logReadVerbs,
} as const;

export type Role = keyof typeof verbTables;
