/** The verbs of a leader, and those that carry its term. */

import { blobFolder, blobFolderName, leaderTake, leaderYield, ofLeader } from "./verbs/leader-verbs.ts";
import { leasesExpire } from "./verbs/lease-verbs.ts";
import { runSubmit } from "./verbs/run-submit.ts";

export const leaderWrites = {
  leaderTake,
  leaderYield,
  blobFolderName,
  runSubmit: ofLeader(runSubmit),
  leasesExpire: ofLeader(leasesExpire),
} as const;

export const leaderReads = { blobFolder } as const;
