/**
 * One turn from whichever model of the chain gives it. The retries are ours, bounded and logged: a busy or broken
 * model is asked again after a pause, at most five times a turn; one that refuses is passed over. Every failure ends,
 * nothing waits for ever. The chain never goes back to a model that it left.
 */

import {
  abortable,
  FaultError,
  formatDuration,
  fullJitter,
  type Ms,
  type Ports,
  pause,
} from "@haversack/base";
import type { ModelMessage } from "ai";
import { type LlmClient, ModelError, type Part, type ToolCall, type TurnRequest } from "./llm-client.ts";

export interface ChainModel {
  readonly id: string;
  readonly client: LlmClient;
  /** US dollars for a million tokens; absent: unknown. */
  readonly price?: { readonly input: number; readonly output: number };
}

export interface Turn {
  readonly model: string;
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly messages: readonly ModelMessage[];
  readonly finish: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** An estimate by the pinned price; 0 when that is unknown. */
  readonly costUsd: number;
}

export interface AskLimits {
  readonly firstChunkMs: Ms;
  readonly gapMs: Ms;
  readonly retriesPerTurn: number;
  readonly backoffFloorMs: Ms;
  /** Also the longest wait that a provider may ask for. */
  readonly backoffCapMs: Ms;
}

export const askLimits: AskLimits = {
  firstChunkMs: 120_000,
  gapMs: 60_000,
  retriesPerTurn: 5,
  backoffFloorMs: 1000,
  backoffCapMs: 60_000,
};

export interface AskOptions {
  readonly ports: Ports;
  readonly limits: AskLimits;
  /** Pieces of the model's text, as they come. */
  readonly onText: (text: string) => Promise<void>;
  /** One line for people. */
  readonly note: (line: string) => void;
}

export class ModelChain {
  readonly #models: readonly ChainModel[];
  readonly #options: AskOptions;
  #current = 0;

  /** @param models at least one. */
  constructor(models: readonly ChainModel[], options: AskOptions) {
    this.#models = models;
    this.#options = options;
  }

  /** Throws `model_unavailable` when no model is left. */
  async ask(request: TurnRequest, signal: AbortSignal): Promise<Turn> {
    // Ends: each failure uses up one of a bounded number of retries, or one of the models.
    for (let retries = 0; ; ) {
      const model = this.#models[this.#current];
      if (model === undefined) throw unavailable("no model is left");
      try {
        return await this.#once(model, request, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof ModelError)) throw error;
        const wait =
          retries < this.#options.limits.retriesPerTurn ? this.#waitAfter(error, retries) : undefined;
        if (wait === undefined) this.#passOver(model, error);
        else await this.#waitFor(model, error, wait, signal);
        retries = wait === undefined ? 0 : retries + 1;
      }
    }
  }

  async #once(model: ChainModel, request: TurnRequest, signal: AbortSignal): Promise<Turn> {
    const parts: Part[] = [];
    for await (const part of this.#timed(model.client, request, signal)) {
      parts.push(part);
      if (part.kind === "text") await this.#options.onText(part.text);
    }
    const end = parts.find((part) => part.kind === "end");
    if (end === undefined) throw new ModelError("the answer broke off before its end", { retryable: true });
    const { finish, inputTokens, outputTokens, messages } = end;
    return {
      model: model.id,
      text: parts.map((part) => (part.kind === "text" ? part.text : "")).join(""),
      calls: parts.flatMap((part) => (part.kind === "call" ? [part.call] : [])),
      finish,
      inputTokens,
      outputTokens,
      costUsd: costOf(model, inputTokens, outputTokens),
      messages,
    };
  }

  /** The parts of a turn; a silence that is too long ends it as a broken stream would. */
  async *#timed(client: LlmClient, request: TurnRequest, signal: AbortSignal): AsyncIterable<Part> {
    const { limits, ports } = this.#options;
    const silence = new AbortController();
    const either = AbortSignal.any([signal, silence.signal]);
    const parts = client.turn(request, either)[Symbol.asyncIterator]();
    try {
      for (let isFirst = true; ; isFirst = false) {
        const ms = isFirst ? limits.firstChunkMs : limits.gapMs;
        const what = isFirst ? "no answer began" : "the answer paused and did not go on";
        const timer = ports.clock.after(ms, () =>
          silence.abort(new ModelError(`${what} within ${formatDuration(ms)}`, { retryable: true })),
        );
        const next = await abortable(parts.next(), either).finally(() => timer.cancel());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      silence.abort();
      // Not awaited: a client that does not heed its signal must not hold up the loop.
      parts.return?.().catch(() => {});
    }
  }

  /** Undefined: not worth waiting. */
  #waitAfter(error: ModelError, retries: number): Ms | undefined {
    const { backoffFloorMs, backoffCapMs } = this.#options.limits;
    if (!error.retryable) return undefined;
    if (error.retryAfterMs !== undefined)
      return error.retryAfterMs <= backoffCapMs ? error.retryAfterMs : undefined;
    return fullJitter(this.#options.ports.random, retries, backoffFloorMs, backoffCapMs);
  }

  async #waitFor(model: ChainModel, error: ModelError, wait: Ms, signal: AbortSignal): Promise<void> {
    this.#options.note(`model ${model.id}: ${error.message}; asking again in ${formatDuration(wait)}`);
    await pause(this.#options.ports.clock, wait, signal);
  }

  #passOver(model: ChainModel, error: ModelError): void {
    this.#current += 1;
    const next = this.#models[this.#current];
    if (next === undefined) throw unavailable(`model ${model.id}: ${error.message}`, error);
    this.#options.note(`model ${model.id}: ${error.message}; going on with model ${next.id}`);
  }
}

function costOf({ price }: ChainModel, inputTokens: number, outputTokens: number): number {
  return price === undefined ? 0 : (inputTokens * price.input + outputTokens * price.output) / 1_000_000;
}

function unavailable(message: string, cause?: unknown): FaultError {
  return new FaultError("unavailable", "model_unavailable", message, { cause });
}
