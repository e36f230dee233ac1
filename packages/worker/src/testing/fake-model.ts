/** The other side of the wire for tests: a small server that streams chat completions as OpenAI does, from a script. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonValue } from "@haversack/protocol";

export interface FakeRequest {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly headers: IncomingMessage["headers"];
  readonly body: { readonly tools?: readonly { readonly function: { readonly name: string } }[] };
}

export type FakeAnswer =
  | { readonly text?: string; readonly calls?: readonly (readonly [tool: string, input: JsonValue])[] }
  | { readonly status: number; readonly headers?: Record<string, string> }
  /** Says a little and cuts the connection. */
  | { readonly cut: string }
  /** Says nothing for ever. */
  | { readonly silent: true };

export interface FakeModel extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly FakeRequest[];
}

/** @param script answers request n with its n-th entry; a function is given the request. */
export async function startFakeModel(
  script: readonly (FakeAnswer | ((request: FakeRequest) => FakeAnswer))[],
): Promise<FakeModel> {
  const requests: FakeRequest[] = [];
  const server = createServer((incoming, response) => {
    void readRequest(incoming).then((request) => {
      requests.push(request);
      const entry = script[requests.length - 1] ?? { status: 400 };
      answer(typeof entry === "function" ? entry(request) : entry, response);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks).toString()) as FakeRequest["body"] &
    Pick<FakeRequest, "messages">;
  return { body, messages: body.messages, headers: incoming.headers };
}

function answer(given: FakeAnswer, response: ServerResponse): void {
  if ("status" in given) {
    response.writeHead(given.status, { "content-type": "application/json", ...given.headers });
    response.end(JSON.stringify({ error: { message: `no, ${given.status}` } }));
    return;
  }
  if ("silent" in given) return;
  response.writeHead(200, { "content-type": "text/event-stream" });
  if ("cut" in given) {
    send(response, { content: given.cut }, null);
    setImmediate(() => response.destroy());
    return;
  }
  if (given.text !== undefined)
    for (const piece of given.text.match(/.{1,7}/gs) ?? []) send(response, { content: piece }, null);
  for (const [index, [name, input]] of (given.calls ?? []).entries()) {
    const call = {
      index,
      id: `call-${index}`,
      type: "function",
      function: { name, arguments: JSON.stringify(input) },
    };
    send(response, { tool_calls: [call] }, null);
  }
  send(response, {}, given.calls === undefined ? "stop" : "tool_calls");
  response.write(
    `data: ${JSON.stringify({ ...frame, choices: [], usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 } })}\n\n`,
  );
  response.end("data: [DONE]\n\n");
}

const frame = { id: "x", object: "chat.completion.chunk", created: 0, model: "fake" };

function send(response: ServerResponse, delta: object, finish: string | null): void {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  response.write(`data: ${JSON.stringify({ ...frame, choices })}\n\n`);
}
