/** Verbs of who workers are. */

import { workerIdentity, workerJoin, workerRenew, workersRevoked } from "./verbs/identity-verbs.ts";
import {
  clusterCaPin,
  joinTokenCreate,
  joinTokenDelete,
  joinTokenRead,
  joinTokensList,
} from "./verbs/join-token-verbs.ts";
import { workerRevoke } from "./verbs/worker-revoke.ts";

export const identityWrites = {
  workerJoin,
  workerRenew,
  workerRevoke,
  joinTokenCreate,
  joinTokenDelete,
  clusterCaPin,
} as const;

export const identityReads = { workerIdentity, workersRevoked, joinTokenRead, joinTokensList } as const;
