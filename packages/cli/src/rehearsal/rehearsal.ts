/**
 * A stand-in for a model: it speaks the wire protocol of one (OpenAI's chat completions, streamed) on loopback, and
 * plays the agents of the examples. It thinks nothing, but it is no recording either: each answer is computed from the
 * request, so a report holds what the tools of this very run found. What it writes says that it comes from here.
 */

import { type ChatCompletionRequest, LLMock } from "@copilotkit/aimock";
import { type Answer, sayOnly } from "./answer.ts";
import { readConversation } from "./conversation.ts";
import { playRepoReport } from "./repo-report-player.ts";
import { playWordCount } from "./word-count-player.ts";

export interface Rehearsal {
  /** Base address for an OpenAI-compatible client. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Requests that the server remembers; nobody reads them. */
const journalMax = 10;
/** Characters in a piece of a stream. */
const chunkSize = 60;

export async function startRehearsal(): Promise<Rehearsal> {
  const server = new LLMock({
    host: "127.0.0.1",
    port: 0,
    logLevel: "silent",
    journalMaxEntries: journalMax,
    chunkSize,
  });
  server.on({ endpoint: "chat", predicate: () => true }, answer);
  await server.start();
  return { url: `${server.url}/v1`, stop: () => server.stop() };
}

/** The first player that knows the task gives the answer. */
export function answer(request: ChatCompletionRequest): Answer {
  const conversation = readConversation(request);
  const told = playRepoReport(conversation) ?? playWordCount(conversation);
  return (
    told ??
    sayOnly(
      "I am the rehearsal model: a script that knows the agents of the examples repo-report and word-count, and no other task. " +
        "For this one a real model is needed: set ANTHROPIC_API_KEY, OPENAI_API_KEY or HAVERSACK_MODEL_URL.",
    )
  );
}
