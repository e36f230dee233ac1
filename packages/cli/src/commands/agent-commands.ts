/** What agents are made of, what they are given and what they noted: the commands around snapshots and memory. */

import { agentsCommand } from "./agents.ts";
import { memoryCommand } from "./memory.ts";
import { snapshotCommand } from "./snapshot.ts";

export const agentCommands = [agentsCommand, snapshotCommand, memoryCommand];
