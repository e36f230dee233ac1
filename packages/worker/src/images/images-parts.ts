/** What the images of a worker are made of. */

import type { Ports } from "@haversack/base";
import type { ImageSettings } from "../config/image-settings.ts";
import type { Desk } from "./desk.ts";
import type { Flights } from "./flights.ts";
import type { Leases } from "./leases.ts";
import type { LookParts } from "./look.ts";
import type { Net } from "./net.ts";
import type { Permits } from "./turn.ts";

export interface ImagesParts extends LookParts {
  readonly ports: Ports;
  readonly desk: Desk;
  readonly flights: Flights;
  readonly leases: Leases;
  readonly permits: Permits;
  readonly net: Net;
  readonly settings: ImageSettings;
  /** The worker stops. */
  readonly stopping: AbortSignal;
}
