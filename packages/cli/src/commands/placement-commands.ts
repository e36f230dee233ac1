/** Who gets what: the fleet, the supplies and secrets that steps need, and what a step waits for. */

import { deployCommand } from "./deploy.ts";
import { deploymentsCommand } from "./deployments.ts";
import { imagesCommand } from "./images.ts";
import { poolCommand } from "./pool.ts";
import { secretCommand } from "./secret.ts";
import { undeployCommand } from "./undeploy.ts";
import { whyCommand } from "./why.ts";
import { workersCommand } from "./workers.ts";

export const placementCommands = [
  whyCommand,
  poolCommand,
  secretCommand,
  workersCommand,
  imagesCommand,
  deployCommand,
  deploymentsCommand,
  undeployCommand,
];
