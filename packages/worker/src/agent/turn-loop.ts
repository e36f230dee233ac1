/**
 * The loop of an agent step: ask the model, run the tools that it calls, ask again. It ends with a valid `output`, or,
 * where the step declares none, with the first turn that calls nothing. Between a turn and its tools this code decides
 * alone: limits, policy, order. Whoever wants to keep a record implements {@link TurnObserver}; each of its calls is
 * awaited before the next thing happens.
 */

import { FaultError, messageOf } from "@haversack/base";
import type { JsonObject, Usage } from "@haversack/protocol";
import type { ModelMessage, ToolResultPart } from "ai";
import type { ModelChain, Turn } from "./ask-model.ts";
import type { ToolCall } from "./llm-client.ts";
import type { CallEnd, ToolBox } from "./tool-box.ts";

export interface TurnObserver {
  /** Before any tool of the turn runs. */
  responded(turn: number, response: Turn): Promise<void>;
  toolIntended(turn: number, call: ToolCall, summary: string): Promise<void>;
  toolEnded(turn: number, call: ToolCall, end: CallEnd): Promise<void>;
}

export interface LoopSettings {
  readonly system: string;
  readonly prompt: string;
  /** Whether the step declares an output. */
  readonly outputRequired: boolean;
  readonly maxTurns: number;
  /** Input and output of all turns; absent: no limit. */
  readonly maxTokens?: number;
  /** Of all turns, by the prices in the pack; a model without one counts nothing. Absent: no limit. */
  readonly maxCostUsd?: number;
}

export interface LoopParts {
  readonly chain: ModelChain;
  readonly tools: ToolBox;
  readonly observer: TurnObserver;
}

export interface LoopEnd {
  readonly output?: JsonObject;
  readonly usage: Usage;
}

/** A step that cannot go on; what it used until then is still to be reported. */
export class LoopError extends FaultError {
  readonly usage: Usage;

  constructor(code: string, message: string, usage: Usage, options?: ErrorOptions) {
    super("invalid", code, message, options);
    this.usage = usage;
  }
}

interface Progress {
  readonly messages: ModelMessage[];
  usage: Usage;
  costUsd: number;
  reminded: boolean;
}

const wordsMax = 300;

/** Throws {@link LoopError}, also for an abort: what was used until then counts. */
export async function runTurns(
  settings: LoopSettings,
  parts: LoopParts,
  signal: AbortSignal,
): Promise<LoopEnd> {
  const progress: Progress = {
    messages: [{ role: "user", content: settings.prompt }],
    usage: { turns: 0, toolCalls: 0, inputTokens: 0, outputTokens: 0 },
    costUsd: 0,
    reminded: false,
  };
  try {
    return await turns(settings, parts, progress, signal);
  } catch (error) {
    if (error instanceof LoopError) throw error;
    const known = error instanceof FaultError ? error.code : "internal";
    const code = signal.aborted ? "agent_stopped" : known;
    throw new LoopError(code, messageOf(error), progress.usage, { cause: error });
  }
}

async function turns(
  settings: LoopSettings,
  parts: LoopParts,
  progress: Progress,
  signal: AbortSignal,
): Promise<LoopEnd> {
  // Ends: maxTurns bounds it.
  for (let number = 1; ; number++) {
    checkLimits(settings, progress);
    const { system } = settings;
    const turn = await parts.chain.ask(
      { system, messages: progress.messages, tools: parts.tools.specs },
      signal,
    );
    count(progress, turn);
    progress.messages.push(...turn.messages);
    await parts.observer.responded(number, turn);
    if (turn.calls.length === 0) {
      if (!settings.outputRequired) return { usage: progress.usage };
      remind(progress, turn);
      continue;
    }
    const { content, output } = await runCalls(number, turn, parts, signal);
    progress.usage = { ...progress.usage, toolCalls: progress.usage.toolCalls + content.length };
    progress.messages.push({ role: "tool", content });
    if (output !== undefined) return { output, usage: progress.usage };
  }
}

/** All calls of a turn, in the order of the model; each gets an answer, or a provider refuses the next request. */
async function runCalls(
  number: number,
  turn: Turn,
  parts: LoopParts,
  signal: AbortSignal,
): Promise<{ readonly content: ToolResultPart[]; readonly output: JsonObject | undefined }> {
  const content: ToolResultPart[] = [];
  let output: JsonObject | undefined;
  for (const call of turn.calls) {
    const prepared = parts.tools.prepare(call);
    await parts.observer.toolIntended(number, call, prepared.summary);
    const end = await prepared.run(signal);
    await parts.observer.toolEnded(number, call, end);
    if (end.output !== undefined) output = end.output;
    content.push({
      type: "tool-result",
      toolCallId: call.id,
      toolName: call.tool,
      output: { type: end.ok ? "text" : "error-text", value: end.text },
    });
  }
  return { content, output };
}

function checkLimits(settings: LoopSettings, { usage, costUsd }: Progress): void {
  const { maxTurns, maxTokens, maxCostUsd } = settings;
  if (usage.turns >= maxTurns) {
    throw new LoopError(
      "turn_limit",
      `the agent used its ${maxTurns} turns without an end; give it more with limits.maxTurns, or a smaller task`,
      usage,
    );
  }
  const tokens = usage.inputTokens + usage.outputTokens;
  if (maxTokens !== undefined && tokens >= maxTokens) {
    throw new LoopError(
      "budget_exceeded",
      `the agent used ${tokens} tokens, its limit is ${maxTokens} (limits.maxTokens)`,
      usage,
    );
  }
  if (maxCostUsd !== undefined && costUsd >= maxCostUsd) {
    throw new LoopError(
      "budget_exceeded",
      `the agent used about ${costUsd.toFixed(4)}, its limit is ${maxCostUsd} (limits.maxCostUsd)`,
      usage,
    );
  }
}

function count(progress: Progress, turn: Turn): void {
  const { usage } = progress;
  progress.costUsd += turn.costUsd;
  progress.usage = {
    ...usage,
    turns: usage.turns + 1,
    inputTokens: usage.inputTokens + turn.inputTokens,
    outputTokens: usage.outputTokens + turn.outputTokens,
  };
}

/** Once in a step: a model may forget to call `output`, but one that forgets it twice will not remember. */
function remind(progress: Progress, turn: Turn): void {
  if (progress.reminded) {
    const words = turn.text.trim().slice(0, wordsMax);
    throw new LoopError(
      "output_missing",
      `the agent ended without a valid call of the output tool, also after a reminder${words === "" ? "" : `; its last words: ${words}`}`,
      progress.usage,
    );
  }
  progress.reminded = true;
  progress.messages.push({
    role: "user",
    content: "You ended without calling the tool `output`. Call it now, with the result of your work.",
  });
}
