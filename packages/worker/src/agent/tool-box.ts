/**
 * The tools of a step behind one door: check the input, ask the policy, run, cap and mask the answer. What goes wrong
 * with a call is told to the model; only a ruling that ends the step is thrown.
 */

import { FaultError, messageOf } from "@haversack/base";
import type { JsonObject } from "@haversack/protocol";
import type { Masker } from "../mask/masker.ts";
import type { ToolCall, ToolSpec } from "./llm-client.ts";
import type { Policy } from "./policy.ts";
import { type PreparedCall, type ReadSoFar, StepEndingError, type Tool, ToolError } from "./tools/tool.ts";

/** What happens when a rule says "ask". Waiting for a person is not possible yet, so `suspend` fails the step. */
export type OnAsk = "suspend" | "deny" | "fail";

export interface CallEnd {
  readonly ok: boolean;
  /** What the model is told. */
  readonly text: string;
  /** The step's output, which ends the loop. */
  readonly output?: JsonObject;
}

export interface PreparedToolCall {
  /** One masked line for the log. */
  readonly summary: string;
  /** Throws {@link StepEndingError}; an abort throws the reason of the signal. */
  run(signal: AbortSignal): Promise<CallEnd>;
}

export interface ToolBoxOptions {
  readonly tools: readonly Tool[];
  readonly policy: Policy;
  readonly onAsk: OnAsk;
  readonly masker: Masker;
  readonly outputBytesMax: number;
  /** Written here: what a tool that reads outside answers, the agent has read. */
  readonly read: ReadSoFar;
}

export class ToolBox {
  readonly specs: readonly ToolSpec[];
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #options: ToolBoxOptions;

  constructor(options: ToolBoxOptions) {
    this.#options = options;
    this.#tools = new Map(options.tools.map((tool) => [tool.name, tool]));
    this.specs = options.tools.map(({ name, description, inputSchema }) => ({
      name,
      description,
      inputSchema,
    }));
  }

  /** Never throws. */
  prepare(call: ToolCall): PreparedToolCall {
    try {
      const tool = this.#find(call);
      const prepared = tool.prepare(call.input);
      // Masked before it is cut: half a secret looks like none.
      const summary = this.#options.masker.text(prepared.summary).slice(0, prepared.summaryCharactersMax);
      return { summary, run: (signal) => this.#run(tool, prepared, signal) };
    } catch (error) {
      const end = this.#failure(error);
      return { summary: end.text.split("\n")[0] ?? "", run: async () => end };
    }
  }

  #find(call: ToolCall): Tool {
    const tool = this.#tools.get(call.tool);
    if (tool === undefined) {
      const names = [...this.#tools.keys()].join(", ");
      throw new ToolError(`there is no tool "${call.tool}"; the tools are: ${names}`);
    }
    if (call.invalid !== undefined) throw new ToolError(`the call cannot be read: ${call.invalid}`);
    return tool;
  }

  async #run(tool: Tool, prepared: PreparedCall, signal: AbortSignal): Promise<CallEnd> {
    signal.throwIfAborted();
    try {
      this.#rule(tool.name, prepared);
      // Before it runs: what it says when it fails is an answer too.
      if (tool.readsOutside === true) this.#options.read.outside = true;
      const answer = await prepared.run(signal);
      if (answer.kind === "output") return { ok: true, text: "accepted", output: answer.value };
      return { ok: true, text: this.#present(answer.text) };
    } catch (error) {
      if (signal.aborted || error instanceof StepEndingError) throw error;
      return this.#failure(error);
    }
  }

  /** Throws when the policy does not simply allow the call. */
  #rule(tool: string, prepared: PreparedCall): void {
    for (const subject of prepared.subjects) {
      const verdict = this.#options.policy.judge(subject);
      if (verdict.kind === "deny") throw new ToolError(`not permitted: ${verdict.because}`);
      if (verdict.kind === "ask") this.#refuseToAsk(tool, verdict.because);
    }
  }

  #refuseToAsk(tool: string, because: string): never {
    const { onAsk } = this.#options;
    if (onAsk === "deny") throw new ToolError(`not permitted without a person's approval: ${because}`);
    if (onAsk === "fail") {
      throw new StepEndingError(
        "denied",
        "approval_required",
        `${tool} needs approval (${because}), and onAsk is fail`,
      );
    }
    throw new StepEndingError(
      "denied",
      "approval_unavailable",
      `${tool} needs approval (${because}), and waiting for a person is not possible yet; write onAsk: deny or onAsk: fail, or allow the call`,
    );
  }

  #failure(error: unknown): CallEnd {
    const what = error instanceof FaultError ? "" : "internal error: ";
    return { ok: false, text: this.#present(`${what}${messageOf(error)}`) };
  }

  #present(text: string): string {
    return cap(this.#options.masker.text(text), this.#options.outputBytesMax);
  }
}

/** Head and tail, with a mark between them. */
function cap(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= bytesMax) return text;
  const half = Math.floor(bytesMax / 2);
  const gap = `\n[${bytes.length - 2 * half} bytes left out]\n`;
  return `${bytes.subarray(0, half).toString("utf8")}${gap}${bytes.subarray(-half).toString("utf8")}`;
}
