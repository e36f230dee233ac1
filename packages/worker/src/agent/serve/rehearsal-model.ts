/**
 * A stand-in for a model inside the agent server, so that a container can be tried without a network or an account. It
 * thinks nothing, but what it does is done by the real loop: it calls a tool that changes nothing, looks at the
 * answer, gives an output where one is asked for, and says what it is.
 */

import type { JsonObject, JsonValue } from "@haversack/protocol";
import type { ModelMessage } from "ai";
import type { LlmClient, Part, TurnRequest } from "../llm-client.ts";
import type { ModelsMade } from "../models.ts";

const shownCharactersMax = 200;
const nestingMax = 8;

export const rehearsalModels = (): ModelsMade => ({
  models: [{ id: "rehearsal", client: rehearsal, price: { input: 0, output: 0 } }],
  passedOver: [],
});

const rehearsal: LlmClient = {
  async *turn(request: TurnRequest): AsyncIterable<Part> {
    const { text, call } = answer(request);
    const content = [
      { type: "text" as const, text },
      ...(call === undefined
        ? []
        : [{ type: "tool-call" as const, toolCallId: call.id, toolName: call.tool, input: call.input }]),
    ];
    yield { kind: "text", text };
    if (call !== undefined) yield { kind: "call", call };
    const messages: ModelMessage[] = [{ role: "assistant", content }];
    const inputTokens = words(JSON.stringify(request.messages)) + words(request.system);
    const finish = call === undefined ? "stop" : "tool-calls";
    yield { kind: "end", finish, inputTokens, outputTokens: words(text), messages };
  },
};

interface Answer {
  readonly text: string;
  readonly call?: { readonly id: string; readonly tool: string; readonly input: JsonValue };
}

function answer({ messages, tools }: TurnRequest): Answer {
  const calls = messages.filter(({ role }) => role === "tool").length;
  const id = `rehearsal-${calls + 1}`;
  if (calls === 0 && tools.some(({ name }) => name === "think")) {
    return { text: "I look at the task.", call: { id, tool: "think", input: { thought: "a rehearsal" } } };
  }
  const [task] = messages;
  const asked = typeof task?.content === "string" ? task.content : "";
  const names = tools.map(({ name }) => name).join(", ") || "none";
  const text = `I am the rehearsal model: a script, no real model. I was asked: ${shorten(asked)}. My tools: ${names}. Calls so far: ${calls}.`;
  const output = tools.find(({ name }) => name === "output");
  if (output === undefined) return { text };
  return { text, call: { id, tool: "output", input: sample(output.inputSchema, 0) } };
}

/** The least that a plain schema accepts; one with patterns or bounds may refuse it, and then the turn says so. */
function sample(schema: JsonObject, depth: number): JsonValue {
  const { enum: values, const: only, type, properties, required } = schema;
  if (only !== undefined) return only;
  if (Array.isArray(values)) return (values as readonly JsonValue[])[0] ?? null;
  if (type === "string") return "rehearsal";
  if (type === "number" || type === "integer") return 0;
  if (type === "boolean") return false;
  if (type === "array") return [];
  if (type === "null" || depth > nestingMax) return null;
  const shapes = (properties ?? {}) as Readonly<Record<string, JsonObject>>;
  const needed = Array.isArray(required) ? (required as readonly string[]) : [];
  return Object.fromEntries(needed.map((name) => [name, sample(shapes[name] ?? {}, depth + 1)]));
}

const words = (text: string) => text.split(/\s+/).length;
const shorten = (text: string) =>
  text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}...` : text;
