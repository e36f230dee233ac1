/** Containers that stay on workers' hosts. */

import { deployCommand } from "./deploy.ts";
import { deploymentsCommand } from "./deployments.ts";
import { undeployCommand } from "./undeploy.ts";

export const deploymentCommands = [deployCommand, deploymentsCommand, undeployCommand];
