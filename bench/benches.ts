/** All benchmarks. */

import type { Bench } from "./bench.ts";
import { deploy } from "./deploy/deploy.ts";
import { dispatch } from "./dispatch/dispatch.ts";
import { fleet } from "./fleet/fleet.ts";
import { snapshot } from "./snapshot/snapshot.ts";

export const benches: readonly Bench[] = [deploy, dispatch, fleet, snapshot];
