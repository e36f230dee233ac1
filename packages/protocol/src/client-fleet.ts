/** Workers, what waits for them, and the images and containers on their hosts, as a client uses them. */

import { createClient, type Transport } from "@connectrpc/connect";
import { type DeploymentClient, deploymentClient } from "./client-deployments.ts";
import { type ImageClient, imageClient } from "./client-images.ts";
import { type PlacementClient, placementClient } from "./client-placement.ts";
import { DeploymentService, FleetService, ImageService, PlacementService } from "./services.ts";

/** Every method rejects with a FaultError. */
export interface FleetClients extends PlacementClient, ImageClient, DeploymentClient {}

export function fleetClients(transport: Transport): FleetClients {
  return {
    ...placementClient(createClient(PlacementService, transport), createClient(FleetService, transport)),
    ...imageClient(createClient(ImageService, transport)),
    ...deploymentClient(createClient(DeploymentService, transport)),
  };
}
