/** What a tool is to the turn loop, and how one is made from a schema and a function. */

import { FaultError } from "@haversack/base";
import type { JsonObject } from "@haversack/protocol";
import { z } from "zod";
import type { PolicySubject } from "../policy.ts";

/** What a model is told of a call, or the output that ends the loop. */
export type ToolAnswer =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "output"; readonly value: JsonObject };

export interface PreparedCall {
  /** What the policy is asked first; empty: the tool need only be listed. */
  readonly subjects: readonly PolicySubject[];
  /** One line for the log, without the content of files. */
  readonly summary: string;
  /** The summary is shown up to here; absent: all of it. */
  readonly summaryCharactersMax?: number;
  /** Throws {@link ToolError} for what the model should hear. */
  run(signal: AbortSignal): Promise<ToolAnswer>;
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  /** Its answers may hold what a stranger wrote, such as a page of the web; absent: no. */
  readonly readsOutside?: boolean;
  /** Checks the input. Throws {@link ToolError}. */
  prepare(input: unknown): PreparedCall;
}

/** What the agent has read in this step: set by the tool box, asked by whatever must not trust all that is said later. */
export interface ReadSoFar {
  outside: boolean;
}

/** Said to the model; it does not end the step. */
export class ToolError extends FaultError {
  constructor(message: string, options?: ErrorOptions) {
    super("invalid", "tool_error", message, options);
  }
}

/** The step fails, whatever the model would do next. */
export class StepEndingError extends FaultError {}

export function defineTool<Input>(tool: {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType<Input>;
  readonly readsOutside?: boolean;
  readonly prepare: (input: Input) => PreparedCall;
}): Tool {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(tool.input);
  return {
    name: tool.name,
    description: tool.description,
    // A JSON Schema is JSON; the declared type also allows what only programs can hold.
    inputSchema: inputSchema as JsonObject,
    readsOutside: tool.readsOutside ?? false,
    prepare: (input) => tool.prepare(parseInput(tool.input, input)),
  };
}

export function parseInput<Input>(schema: z.ZodType<Input>, input: unknown): Input {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ToolError(`invalid input:\n${z.prettifyError(parsed.error)}`);
}

export const text = (content: string): ToolAnswer => ({ kind: "text", text: content });
