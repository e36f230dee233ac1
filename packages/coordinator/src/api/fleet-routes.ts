/** What is there to run steps, what they wait for, and the secrets that they need. */

import type { ConnectRouter } from "@connectrpc/connect";
import { DeploymentService, FleetService, PlacementService, SecretService } from "@haversack/protocol";
import type { ExplainParts } from "../dispatch/explainer.ts";
import type { Vault } from "../secrets/vault.ts";
import { logsAnywhere } from "./anywhere.ts";
import { type DeploymentServiceParts, deploymentService, standsOn } from "./deployment-service.ts";
import { type FleetParts, fleetService } from "./fleet-service.ts";
import { type ImageServiceParts, imageRoutes } from "./image-service.ts";
import { placementService } from "./placement-service.ts";
import { secretService } from "./secret-service.ts";

export const fleetRoutes =
  (
    parts: ExplainParts & FleetParts & DeploymentServiceParts & ImageServiceParts & { readonly vault: Vault },
  ) =>
  (router: ConnectRouter): ConnectRouter =>
    imageRoutes(parts)(router)
      .service(FleetService, fleetService(parts))
      .service(PlacementService, placementService(parts))
      .service(DeploymentService, logsAnywhere(deploymentService(parts), parts.relay, standsOn(parts)))
      .service(SecretService, secretService(parts.vault));
