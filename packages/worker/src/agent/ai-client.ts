/** The one place that talks to a model, through the `ai` package: one step, no retries, tools that do not run. */

import { type Ms, messageOf, reasonOf } from "@haversack/base";
import {
  APICallError,
  InvalidPromptError,
  jsonSchema,
  type LanguageModel,
  LoadAPIKeyError,
  LoadSettingError,
  type ModelMessage,
  NoSuchModelError,
  streamText,
  type ToolSet,
  tool,
  UnsupportedFunctionalityError,
} from "ai";
import {
  type LlmClient,
  ModelError,
  type Part,
  type ToolCall,
  type ToolSpec,
  type TurnRequest,
} from "./llm-client.ts";

export interface CallSettings {
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly reasoning?: "none" | "minimal" | "low" | "medium" | "high" | "xhigh";
  readonly providerOptions?: Parameters<typeof streamText>[0]["providerOptions"];
}

const errorLengthMax = 500;

export class AiClient implements LlmClient {
  readonly #model: LanguageModel;
  readonly #settings: CallSettings;

  constructor(model: LanguageModel, settings: CallSettings) {
    this.#model = model;
    this.#settings = settings;
  }

  async *turn(request: TurnRequest, signal: AbortSignal): AsyncIterable<Part> {
    try {
      yield* this.#parts(request, signal);
    } catch (error) {
      // Some failures arrive as parts of the stream, others are thrown by it.
      if (signal.aborted) throw reasonOf(signal);
      throw error instanceof ModelError ? error : toModelError(error);
    }
  }

  async *#parts(request: TurnRequest, signal: AbortSignal): AsyncIterable<Part> {
    const { maxOutputTokens, temperature, reasoning, providerOptions } = this.#settings;
    const stream = streamText({
      model: this.#model,
      instructions: request.system,
      messages: [...request.messages],
      tools: toolSet(request.tools),
      maxRetries: 0,
      abortSignal: signal,
      // Errors arrive as parts; without this they would also be printed.
      onError: () => {},
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
      ...(temperature !== undefined && { temperature }),
      ...(reasoning !== undefined && { reasoning }),
      ...(providerOptions !== undefined && { providerOptions }),
    });
    let end: { finish: string; inputTokens: number; outputTokens: number } | undefined;
    for await (const part of stream.stream) {
      if (part.type === "text-delta") yield { kind: "text", text: part.text };
      else if (part.type === "tool-call") yield { kind: "call", call: toolCall(part) };
      else if (part.type === "error") throw toModelError(part.error);
      else if (part.type === "abort") throw reasonOf(signal);
      else if (part.type === "finish-step") {
        const { inputTokens = 0, outputTokens = 0 } = part.usage;
        end = { finish: part.finishReason, inputTokens, outputTokens };
      } else if (part.type !== "start" && part.type !== "start-step") yield { kind: "progress" };
    }
    if (end === undefined || end.finish === "error") {
      throw new ModelError("the answer broke off before its end", { retryable: true });
    }
    yield { kind: "end", ...end, messages: await ownMessages(stream.response) };
  }
}

/** The tool messages that the package writes for calls it could not parse are left out: the loop answers each call. */
async function ownMessages(response: PromiseLike<{ messages: ModelMessage[] }>): Promise<ModelMessage[]> {
  const { messages } = await response;
  return messages.filter((message) => message.role === "assistant");
}

function toolSet(tools: readonly ToolSpec[]): ToolSet {
  return Object.fromEntries(
    tools.map(({ name, description, inputSchema }) => [
      name,
      tool({ description, inputSchema: jsonSchema(inputSchema as Parameters<typeof jsonSchema>[0]) }),
    ]),
  );
}

function toolCall(part: {
  toolCallId: string;
  toolName: string;
  input: unknown;
  invalid?: boolean | undefined;
  error?: unknown;
}): ToolCall {
  const call = { id: part.toolCallId, tool: part.toolName, input: part.input };
  return part.invalid === true ? { ...call, invalid: shorten(messageOf(part.error)) } : call;
}

/** The request never left, and would not leave the next time. */
const ownMistakes = [
  InvalidPromptError,
  LoadAPIKeyError,
  LoadSettingError,
  NoSuchModelError,
  UnsupportedFunctionalityError,
];

/** Busy and broken servers may do better next time; a request that is refused will be refused again. */
function toModelError(error: unknown): ModelError {
  if (ownMistakes.some((kind) => kind.isInstance(error))) {
    return new ModelError(shorten(messageOf(error)), { retryable: false, cause: error });
  }
  if (!APICallError.isInstance(error)) {
    return new ModelError(`the connection to the model failed: ${shorten(messageOf(error))}`, {
      retryable: true,
      cause: error,
    });
  }
  const { statusCode } = error;
  // A good status with an error means that the answer broke off.
  const retryable =
    statusCode === undefined || statusCode < 400 || statusCode >= 500 || [408, 409, 429].includes(statusCode);
  const status =
    statusCode === undefined ? "the model cannot be reached" : `the model answered with status ${statusCode}`;
  return new ModelError(`${status}: ${shorten(error.message)}`, {
    retryable,
    retryAfterMs: retryAfter(error.responseHeaders ?? {}),
    cause: error,
  });
}

/** Seconds or a date, as RFC 9110 has it; a date is left to our own back-off, since clocks differ. */
function retryAfter(headers: Readonly<Record<string, string>>): Ms | undefined {
  const text = Object.entries(headers).find(([name]) => name.toLowerCase() === "retry-after")?.[1] ?? "";
  return /^\d{1,6}(\.\d+)?$/.test(text) ? Number(text) * 1000 : undefined;
}

function shorten(text: string): string {
  return text.length > errorLengthMax ? `${text.slice(0, errorLengthMax)}...` : text;
}
