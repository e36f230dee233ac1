/** Who gets what: the fleet, the supplies and secrets that steps need, and what a step waits for. */

import { imagesCommand } from "./images.ts";
import { poolCommand } from "./pool.ts";
import { secretCommand } from "./secret.ts";
import { whyCommand } from "./why.ts";
import { workersCommand } from "./workers.ts";

export const placementCommands = [whyCommand, poolCommand, secretCommand, workersCommand, imagesCommand];
