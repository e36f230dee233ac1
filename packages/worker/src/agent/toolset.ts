/** Which tools a step gets: those that its settings list and that exist here, each one checked before the first turn. */

import { FaultError, type Ports } from "@haversack/base";
import type { JsonObject } from "@haversack/protocol";
import type { Policy } from "./policy.ts";
import { type BashOptions, bashTool } from "./tools/bash-tool.ts";
import { editTool, readTool, writeTool } from "./tools/file-tools.ts";
import { type MemoryToolOptions, memoryTool } from "./tools/memory-tool.ts";
import { thinkTool, todoTool } from "./tools/mind-tools.ts";
import { outputTool } from "./tools/output-tool.ts";
import { globTool, grepTool } from "./tools/search-tools.ts";
import { type SkillOnDisk, skillTool } from "./tools/skill-tool.ts";
import type { Tool } from "./tools/tool.ts";
import type { Workspace } from "./tools/workspace.ts";

export interface ToolsetOptions {
  /** Names from the step's settings. */
  readonly listed: readonly string[];
  readonly workspace: Workspace;
  readonly policy: Policy;
  readonly skills: readonly SkillOnDisk[];
  /** Absent: the step declares no output. */
  readonly outputSchema?: JsonObject;
  /** Absent: the step can write no memory. */
  readonly memory?: MemoryToolOptions;
  readonly ports: Ports;
  readonly toolEnv: ReadonlyMap<string, string>;
  readonly outputBytesMax: number;
  readonly masker: BashOptions["masker"];
  /** The step may reach hosts outside. */
  readonly hasNetwork: boolean;
}

/** `output` comes with the step's schema and `memory` with a scope to write, whether they are listed or not. Throws `tool_unavailable`. */
export function makeTools(options: ToolsetOptions): Tool[] {
  const makers = makersOf(options);
  const tools = options.listed.toSorted().flatMap((name) => {
    // Without something to write to, to activate or to check against, such a tool is nothing.
    if (name === "memory" || name === "output") return [];
    if (name === "skill" && options.skills.length === 0) return [];
    const make = makers.get(name);
    if (make === undefined) throw unavailable(name, makers);
    return [make()];
  });
  if (options.memory !== undefined) tools.push(memoryTool(options.memory));
  if (options.outputSchema !== undefined) tools.push(outputTool(options.outputSchema));
  return tools;
}

function makersOf(options: ToolsetOptions): ReadonlyMap<string, () => Tool> {
  const { workspace, policy, ports, toolEnv: env, outputBytesMax, masker, hasNetwork } = options;
  return new Map<string, () => Tool>([
    ["read", () => readTool(workspace)],
    ["write", () => writeTool(workspace)],
    ["edit", () => editTool(workspace)],
    ["glob", () => globTool(workspace, policy)],
    ["grep", () => grepTool(workspace, policy)],
    ["bash", () => bashTool({ workspace, ports, env, outputBytesMax, masker, hasNetwork })],
    ["skill", () => skillTool(options.skills)],
    ["think", thinkTool],
    ["todo", todoTool],
  ]);
}

function unavailable(name: string, makers: ReadonlyMap<string, unknown>): FaultError {
  return new FaultError(
    "invalid",
    "tool_unavailable",
    `the step lists the tool "${name}", which this version does not have; it has ${[...makers.keys()].join(", ")}, memory and output`,
  );
}
