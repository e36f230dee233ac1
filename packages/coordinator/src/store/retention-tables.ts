/** The verbs by which a store forgets, and by which something is kept. */

import { blobsUnnamed, snapshotsCollect } from "./verbs/collect-verbs.ts";
import { snapshotKeep, snapshotsKept, snapshotUnkeep } from "./verbs/keep-verbs.ts";
import { ofLeader } from "./verbs/leader-verbs.ts";
import { runsErase, runsForgotten, runsRetire } from "./verbs/retention-verbs.ts";

export const retentionWrites = {
  runsRetire: ofLeader(runsRetire),
  runsErase: ofLeader(runsErase),
  snapshotsCollect: ofLeader(snapshotsCollect),
  snapshotKeep,
  snapshotUnkeep,
} as const;

export const retentionReads = { runsForgotten, snapshotsKept, blobsUnnamed } as const;
