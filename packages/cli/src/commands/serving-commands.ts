/** What serves, and what it keeps: coordinators, workers and the store. */

import { coordinatorCommand } from "./coordinator.ts";
import { joinTokenCommand } from "./join-token.ts";
import { startCommand } from "./start.ts";
import { storeCommand } from "./store.ts";
import { workerCommand } from "./worker.ts";

export const servingCommands = [
  startCommand,
  coordinatorCommand,
  workerCommand,
  joinTokenCommand,
  storeCommand,
];
