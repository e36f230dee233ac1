/** The tools of one attempt behind their one door, and what they share: what was read so far, what is asked of memory. */

import type { Ports } from "@haversack/base";
import type { Masker } from "../mask/masker.ts";
import type { Assignment } from "./assignment.ts";
import type { HydratedAgent } from "./hydrate.ts";
import { MemoryDesk } from "./memory-desk.ts";
import { makePolicy } from "./policy.ts";
import { writableScopes } from "./step-memory.ts";
import { ToolBox } from "./tool-box.ts";
import type { ReadSoFar } from "./tools/tool.ts";
import { makeTools } from "./toolset.ts";

export interface AgentTools {
  readonly tools: ToolBox;
  /** Undefined where the step can write no memory; then there is no tool for it either. */
  readonly desk: MemoryDesk | undefined;
}

export function agentTools(
  assignment: Assignment,
  agent: HydratedAgent,
  masker: Masker,
  ports: Ports,
): AgentTools {
  const { config, workspace, skills, memory } = agent;
  const read: ReadSoFar = { outside: false };
  const desk =
    writableScopes(memory).length === 0
      ? undefined
      : new MemoryDesk({ memory, makeId: () => ports.random.id(), sawOutside: () => read.outside });
  const policy = makePolicy(config.permissions);
  const outputBytesMax = config.limits.maxToolOutputBytes;
  const tools = makeTools({
    listed: config.tools,
    workspace,
    policy,
    skills,
    ports,
    toolEnv: new Map(Object.entries(assignment.toolEnv)),
    outputBytesMax,
    masker,
    hasNetwork: config.network.length > 0,
    ...(desk !== undefined && { memory: { memory, desk, masker } }),
    ...(assignment.outputSchema !== undefined && { outputSchema: assignment.outputSchema }),
  });
  const box = new ToolBox({ tools, policy, onAsk: config.onAsk, masker, outputBytesMax, read });
  return { tools: box, desk };
}
