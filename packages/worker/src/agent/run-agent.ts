/**
 * One attempt at an agent step, inside the child process. In this order, so that nothing is paid for before all that
 * can be checked was checked:
 *
 *   hydrate.ts        guards and opens the pack, writes the skills
 *   secrets.ts        the values that the pack names, asked of the worker
 *   models.ts         clients for the models of the chain
 *   agent-tools.ts    the tools of toolset.ts, with policy.ts, tool-box.ts and ../mask in front of them, and behind
 *                     `memory` the desk that collects what the step asks for
 *   system-prompt.ts  what the model is told
 *   voice.ts          what is heard of it, masked
 *   turn-loop.ts      asks (ask-model.ts, ai-client.ts) and runs tools until the end
 */

import { FaultError, faultOf, messageOf, type Ports } from "@haversack/base";
import { activityLog, type TurnReport, turnReports } from "./activity.ts";
import { agentTools } from "./agent-tools.ts";
import { askLimits, ModelChain } from "./ask-model.ts";
import type { Assignment, SecretReference, Upward } from "./assignment.ts";
import { type HydratedAgent, hydrate } from "./hydrate.ts";
import { makeModels } from "./models.ts";
import { SecretValues } from "./secrets.ts";
import { systemPrompt } from "./system-prompt.ts";
import type { ToolBox } from "./tool-box.ts";
import { LoopError, type LoopSettings, runTurns, type TurnObserver } from "./turn-loop.ts";
import { Voice } from "./voice.ts";

export interface AgentOutside {
  readonly ports: Ports;
  /** One line of the log for people. */
  readonly note: (line: string) => void;
  /** The model's text. Resolves when more may be said. */
  readonly say: (text: string) => Promise<void>;
  readonly turnEnded?: (report: TurnReport) => void;
  /** In the order of the references; null: this worker does not have it. */
  readonly askSecrets: (references: readonly SecretReference[]) => Promise<readonly (string | null)[]>;
  /** Values that are masked beside those that the pack names. */
  readonly masked?: readonly string[];
  /** In the place of clients for the models of the pack. */
  readonly models?: typeof makeModels;
  /** Nobody would take what the agent writes to its memory. */
  readonly isMemoryReadOnly?: boolean;
}

export type AgentEnd = Extract<Upward, { kind: "succeeded" | "failed" }>;

/** Never rejects. */
export async function runAgent(
  assignment: Assignment,
  outside: AgentOutside,
  signal: AbortSignal,
): Promise<AgentEnd> {
  const voice = new Voice(outside);
  const { masker } = voice;
  masker.arm(assignment.secretVariables.map((name) => assignment.toolEnv[name] ?? ""));
  masker.arm(outside.masked ?? []);
  try {
    const hydrated = await hydrate(assignment);
    const agent = outside.isMemoryReadOnly === true ? withReadOnlyMemory(hydrated) : hydrated;
    const secrets = new SecretValues(agent.secrets, await outside.askSecrets(agent.secrets));
    masker.arm(secrets.all());
    const { models, passedOver } = (outside.models ?? makeModels)(agent.models, secrets);
    for (const line of passedOver) outside.note(`model passed over: ${line}`);
    const chain = new ModelChain(models, {
      ports: outside.ports,
      limits: askLimits,
      onText: (text) => voice.say(text),
      note: voice.note,
    });
    const { tools, desk } = agentTools(assignment, agent, masker, outside.ports);
    const activity = activityLog({ note: voice.note, turnEnded: () => voice.endTurn() });
    const observer = turnReports(activity, outside.ports.clock, (report) => outside.turnEnded?.(report));
    const end = await loop(assignment, agent, { chain, tools, observer }, signal);
    const memory = desk?.operations() ?? [];
    return memory.length === 0 ? end : { ...end, memory };
  } catch (error) {
    return failedEnd(error, masker);
  }
}

function withReadOnlyMemory(agent: HydratedAgent): HydratedAgent {
  return { ...agent, memory: agent.memory.map((scope) => ({ ...scope, write: "none" })) };
}

async function loop(
  assignment: Assignment,
  agent: HydratedAgent,
  parts: { chain: ModelChain; tools: ToolBox; observer: TurnObserver },
  signal: AbortSignal,
): Promise<Extract<AgentEnd, { kind: "succeeded" }>> {
  const { config, soul, skills, memory } = agent;
  const tools = parts.tools.specs.map(({ name }) => name);
  const { maxTurns, maxTokens, maxCostUsd } = config.limits;
  const settings: LoopSettings = {
    system: systemPrompt({
      instructions: config.instructions,
      skills,
      memory,
      tools,
      ...(soul !== undefined && { soul }),
    }),
    prompt: assignment.prompt,
    outputRequired: assignment.outputSchema !== undefined,
    maxTurns,
    maxTokens,
    ...(maxCostUsd !== null && { maxCostUsd }),
  };
  const { output, usage } = await runTurns(settings, parts, signal);
  return { kind: "succeeded", outputs: mutable(output ?? {}), usage };
}

function failedEnd(error: unknown, masker: Voice["masker"]): AgentEnd {
  const code = error instanceof FaultError ? error.code : "internal";
  const prefix = faultOf(error) === "bug" ? "internal error: " : "";
  const failure = { code, message: masker.text(`${prefix}${messageOf(error)}`) };
  return { kind: "failed", failure, ...(error instanceof LoopError && { usage: error.usage }) };
}

function mutable(value: object): Extract<AgentEnd, { kind: "succeeded" }>["outputs"] {
  return JSON.parse(JSON.stringify(value)) as Extract<AgentEnd, { kind: "succeeded" }>["outputs"];
}
