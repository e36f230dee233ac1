/** What is there to run steps, and what they wait for. */

import type { ConnectRouter } from "@connectrpc/connect";
import { FleetService, PlacementService } from "@haversack/protocol";
import type { ExplainParts } from "../dispatch/explainer.ts";
import { type FleetParts, fleetService } from "./fleet-service.ts";
import { placementService } from "./placement-service.ts";

export const fleetRoutes =
  (parts: ExplainParts & FleetParts) =>
  (router: ConnectRouter): ConnectRouter =>
    router.service(FleetService, fleetService(parts)).service(PlacementService, placementService(parts));
