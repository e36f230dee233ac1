/** What a player answers: some words, and the tools that it calls. */

import type { ContentWithToolCallsResponse, TextResponse } from "@copilotkit/aimock";

export type Answer = TextResponse | ContentWithToolCallsResponse;

export interface WantedCall {
  readonly tool: string;
  readonly input: object;
}

export function sayOnly(content: string): TextResponse {
  return { content };
}

export function sayAndCall(content: string, calls: readonly WantedCall[]): ContentWithToolCallsResponse {
  return {
    content,
    toolCalls: calls.map(({ tool, input }) => ({ name: tool, arguments: JSON.stringify(input) })),
  };
}
