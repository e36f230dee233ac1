/** Workers as a client uses them: who they are, what waits for them, what they have and what stands on them. */

import { createClient as createConnectClient, type Transport } from "@connectrpc/connect";
import { type DeploymentClient, deploymentClient } from "./client-deployments.ts";
import { type EnrollmentClient, enrollmentClient } from "./client-enrollment.ts";
import { type ImageClient, imageClient } from "./client-images.ts";
import { type PlacementClient, placementClient } from "./client-placement.ts";
import {
  DeploymentService,
  EnrollmentService,
  FleetService,
  ImageService,
  PlacementService,
} from "./services.ts";

/** Every method rejects with a FaultError. */
export interface FleetClient extends PlacementClient, ImageClient, DeploymentClient, EnrollmentClient {}

export function fleetClient(transport: Transport): FleetClient {
  const placement = placementClient(
    createConnectClient(PlacementService, transport),
    createConnectClient(FleetService, transport),
  );
  const images = imageClient(createConnectClient(ImageService, transport));
  const deployments = deploymentClient(createConnectClient(DeploymentService, transport));
  const enrollment = enrollmentClient(createConnectClient(EnrollmentService, transport));
  return { ...placement, ...images, ...deployments, ...enrollment };
}
