/** Who gets what: the fleet, the supplies that steps share, and what a step waits for. */

import { poolCommand } from "./pool.ts";
import { whyCommand } from "./why.ts";
import { workersCommand } from "./workers.ts";

export const placementCommands = [whyCommand, poolCommand, workersCommand];
