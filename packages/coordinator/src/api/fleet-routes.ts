/** What is there to run steps, and what they wait for. */

import type { ConnectRouter } from "@connectrpc/connect";
import { FleetService, PlacementService } from "@haversack/protocol";
import type { ExplainParts } from "../dispatch/explainer.ts";
import { fleetService } from "./fleet-service.ts";
import { placementService } from "./placement-service.ts";

export const fleetRoutes =
  (parts: ExplainParts) =>
  (router: ConnectRouter): ConnectRouter =>
    router
      .service(FleetService, fleetService(parts.store, parts.registry))
      .service(PlacementService, placementService(parts));
