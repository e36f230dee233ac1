/** Which verbs an engine must answer. Writing verbs share commits; reading ones have a connection of their own. */

import { familyReads, familyWrites } from "./family-tables.ts";
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
import { stepsListReady, stepsTake, stepsWaiting } from "./verbs/step-verbs.ts";
import { workersList } from "./verbs/worker-verbs.ts";

export const writeVerbs = {
  runCancel,
  stepsTake,
  attemptsStart,
  attemptsFinish,
  leasesRenew,
  leasesTrust,
  workerGreet,
  memoryResolve,
  memoryRevert,
  ...familyWrites,
  ...retentionWrites,
  ...scheduleWrites,
} as const;

export const readVerbs = {
  ...runReads,
  stepsListReady,
  stepsWaiting,
  attemptIsLive,
  snapshotRead,
  snapshotOfStep,
  workersList,
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
