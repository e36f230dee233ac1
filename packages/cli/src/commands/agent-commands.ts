/** What agents are made of, what they are given and what they noted: the commands around snapshots and memory. */

import { memoryCommand } from "./memory.ts";
import { snapshotCommand } from "./snapshot.ts";

export const agentCommands = [snapshotCommand, memoryCommand];
