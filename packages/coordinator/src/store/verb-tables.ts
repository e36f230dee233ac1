/** Which verbs an engine must answer. Writing verbs share commits; reading ones have a connection of their own. */

import { runReads } from "./run-tables.ts";
import { furtherReads, furtherWrites } from "./tables.ts";
import { attemptSecrets } from "./verbs/attempt-secrets.ts";
import { attemptAccess, attemptsFinish, attemptsStart } from "./verbs/attempt-verbs.ts";
import { leasesRenew, leasesTrust } from "./verbs/lease-verbs.ts";
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
import { snapshotOfStep, snapshotRead } from "./verbs/snapshot-verbs.ts";
import { workerGreet } from "./verbs/worker-greet.ts";

export const writeVerbs = {
  attemptsStart,
  attemptsFinish,
  leasesRenew,
  leasesTrust,
  workerGreet,
  memoryResolve,
  memoryRevert,
  ...furtherWrites,
} as const;

export const readVerbs = {
  ...runReads,
  attemptAccess,
  attemptSecrets,
  snapshotRead,
  snapshotOfStep,
  memoryAt,
  memoryRead,
  memoryReviews,
  memoryScopes,
  memoryVersions,
  ...furtherReads,
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
