/**
 * What the turn loop knows of a model: it takes a conversation and answers with parts. The messages are those of the
 * `ai` package, because a provider hides things in them (signatures of thoughts) that must come back unchanged.
 */

import { FaultError, type Ms } from "@haversack/base";
import type { JsonObject } from "@haversack/protocol";
import type { ModelMessage } from "ai";

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the input. */
  readonly inputSchema: JsonObject;
}

export interface TurnRequest {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolSpec[];
}

export interface ToolCall {
  readonly id: string;
  readonly tool: string;
  readonly input: unknown;
  /** Why the call cannot be run at all: no such tool, or its input is no JSON. */
  readonly invalid?: string;
}

export type Part =
  | { readonly kind: "text"; readonly text: string }
  /** The model is at work, but this is not for the log: thoughts, the input of a call as it grows. */
  | { readonly kind: "progress" }
  | { readonly kind: "call"; readonly call: ToolCall }
  /** Always the last part; a stream without it broke off. */
  | {
      readonly kind: "end";
      readonly finish: string;
      readonly inputTokens: number;
      readonly outputTokens: number;
      /** The model's own messages, to go back to it with the next turn. */
      readonly messages: readonly ModelMessage[];
    };

export interface LlmClient {
  /** One answer, no tool is run. Throws {@link ModelError}; an abort throws the reason of the signal. */
  turn(request: TurnRequest, signal: AbortSignal): AsyncIterable<Part>;
}

/** A model did not answer. */
export class ModelError extends FaultError {
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The provider's own wish. */
  readonly retryAfterMs: Ms | undefined;

  constructor(
    message: string,
    options: { retryable: boolean; retryAfterMs?: Ms | undefined; cause?: unknown },
  ) {
    super(options.retryable ? "unavailable" : "invalid", "model_error", message, { cause: options.cause });
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}
