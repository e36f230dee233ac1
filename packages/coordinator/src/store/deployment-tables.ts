/** The verbs of deployments: containers that steps leave running. */

import * as reads from "./verbs/deployment-reads.ts";
import * as verbs from "./verbs/deployment-verbs.ts";
import { ofLeader } from "./verbs/leader-verbs.ts";

export const deploymentWrites = {
  deploymentBegin: verbs.deploymentBegin,
  deploymentsObserve: verbs.deploymentsObserve,
  deploymentAbandon: verbs.deploymentAbandon,
  deploymentExpiring: ofLeader(verbs.deploymentExpiring),
  deploymentsForget: ofLeader(verbs.deploymentsForget),
  fleetName: verbs.fleetName,
} as const;

export const deploymentReads = {
  deploymentsList: reads.deploymentsList,
  deploymentRead: reads.deploymentRead,
  deploymentsDue: reads.deploymentsDue,
  deploymentCounts: reads.deploymentCounts,
} as const;
