/** What serves, what it keeps, and for whom: coordinators, workers, the store, tokens. */

import { auditCommand } from "./audit.ts";
import { coordinatorCommand } from "./coordinator.ts";
import { doctorCommand } from "./doctor.ts";
import { joinTokenCommand } from "./join-token.ts";
import { startCommand } from "./start.ts";
import { storeCommand } from "./store.ts";
import { tokenCommand } from "./token.ts";
import { workerCommand } from "./worker.ts";

export const servingCommands = [
  startCommand,
  coordinatorCommand,
  workerCommand,
  joinTokenCommand,
  storeCommand,
  tokenCommand,
  auditCommand,
  doctorCommand,
];
