/** The verbs by which people and time steer runs: answers, pauses, cancels, time limits. */

import { approvalsWaiting, questionRead, stepAnswer } from "./verbs/approval-verbs.ts";
import { deadlineServe, deadlinesDue } from "./verbs/deadline-verbs.ts";
import { ofLeader } from "./verbs/leader-verbs.ts";
import { runPause, runResume } from "./verbs/pause-verbs.ts";
import { runCancel } from "./verbs/run-cancel.ts";

export const controlWrites = {
  runCancel,
  stepAnswer,
  runPause,
  runResume,
  deadlineServe: ofLeader(deadlineServe),
} as const;
export const controlReads = { questionRead, approvalsWaiting, deadlinesDue } as const;
