/** DAGs as files and as what the coordinator keeps: check them, store them, say when they start. */

import { dagCommand } from "./dag.ts";
import { scheduleCommand } from "./schedule.ts";
import { validateCommand } from "./validate.ts";

export const dagCommands = [validateCommand, dagCommand, scheduleCommand];
