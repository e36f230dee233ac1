/** What a request says of the conversation so far: the task, the tools there are, and each call with its result. */

import type { ChatCompletionRequest, ChatMessage } from "@copilotkit/aimock";

export interface PastCall {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Undefined: the result is not in the request. */
  readonly result: string | undefined;
}

export interface Conversation {
  /** The first message of the user. */
  readonly task: string;
  readonly tools: ReadonlySet<string>;
  readonly calls: readonly PastCall[];
}

export function readConversation(request: ChatCompletionRequest): Conversation {
  const results = new Map(
    request.messages
      .filter((message) => message.role === "tool")
      .map((message) => [message.tool_call_id ?? "", textOf(message)]),
  );
  const calls = request.messages.flatMap((message) =>
    (message.tool_calls ?? []).map((call) => ({
      tool: call.function.name,
      input: parse(call.function.arguments),
      result: results.get(call.id),
    })),
  );
  const task = request.messages.find((message) => message.role === "user");
  return {
    task: task === undefined ? "" : textOf(task),
    tools: new Set((request.tools ?? []).map((tool) => tool.function.name)),
    calls,
  };
}

/** Result of the newest call of a tool whose input has this value. */
export function resultOf(
  conversation: Conversation,
  tool: string,
  key?: string,
  value?: string,
): string | undefined {
  return conversation.calls.findLast(
    (call) => call.tool === tool && (key === undefined || call.input[key] === value),
  )?.result;
}

function textOf(message: ChatMessage): string {
  if (typeof message.content === "string") return message.content;
  return (message.content ?? []).map((part) => part.text ?? "").join("");
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
