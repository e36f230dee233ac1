/** A server of one file over real HTTP, that does to each request what a test says, and counts what it has sent. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Behaviour =
  | { readonly kind: "serve" }
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "html" }
  /** Says that it has fewer, or more, bytes. */
  | { readonly kind: "length"; readonly bytes: number }
  /** Sends so many bytes without saying how many there will be, and ends. */
  | { readonly kind: "unsized"; readonly bytes: number }
  /** Right headers, and then the connection breaks, or nothing more comes. */
  | { readonly kind: "reset" | "stall"; readonly after: number }
  | { readonly kind: "wrong" }
  /** Knows no ranges: always the whole file. */
  | { readonly kind: "whole" }
  | { readonly kind: "range"; readonly contentRange: string }
  | { readonly kind: "redirect"; readonly to: string }
  /** Takes the question, and says nothing. */
  | { readonly kind: "silent" };

export interface ImageServer extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  /** Bytes of bodies that were handed to connections. */
  readonly sentBytes: number;
  readonly requests: readonly IncomingMessage["headers"][];
  readonly paths: readonly string[];
  /** What the next requests get, in order; `serve` after them. */
  readonly next: Behaviour[];
  /** For all that have nothing else. */
  always: Behaviour;
  etag: string | undefined;
  /** Resolves when so many requests have come in all. */
  asked(count: number): Promise<void>;
  /** All connections break. */
  cut(): void;
}

export async function imageServer(file: Uint8Array): Promise<ImageServer> {
  const state = {
    sentBytes: 0,
    requests: [] as IncomingMessage["headers"][],
    paths: [] as string[],
    next: [] as Behaviour[],
    always: { kind: "serve" } as Behaviour,
    etag: '"one"' as string | undefined,
  };
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    state.requests.push(request.headers);
    state.paths.push(request.url ?? "");
    const sent = (bytes: number): void => void (state.sentBytes += bytes);
    behave(state.next.shift() ?? state.always, { request, response, file, etag: state.etag, sent });
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(state, {
    url: `http://${host}/base.tar?signature=hidden`,
    host,
    cut: () => server.closeAllConnections(),
    async asked(count: number) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => void (state.requests.length >= count && resolve());
      waiting.add(look);
      look();
      await promise;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly file: Uint8Array;
  readonly etag: string | undefined;
  readonly sent: (bytes: number) => void;
}

function behave(behaviour: Behaviour, exchange: Exchange): void {
  const { response, file, sent } = exchange;
  switch (behaviour.kind) {
    case "silent":
      return;
    case "status":
      response.writeHead(behaviour.status, behaviour.headers).end("no");
      return;
    case "redirect":
      response.writeHead(302, { location: behaviour.to }).end();
      return;
    case "html":
      response.writeHead(200, { "content-type": "text/html" }).end("<p>log in</p>");
      return;
    case "length":
      response.writeHead(200, { "content-length": behaviour.bytes }).end(Buffer.alloc(behaviour.bytes));
      return;
    case "unsized":
      response.writeHead(200).end(Buffer.alloc(behaviour.bytes, file));
      sent(behaviour.bytes);
      return;
    case "range":
      response.writeHead(206, { "content-range": behaviour.contentRange }).end("x");
      return;
    case "wrong":
      response.writeHead(200, { "content-length": file.length }).end(Buffer.alloc(file.length, 7));
      sent(file.length);
      return;
    case "whole":
    case "serve":
    case "reset":
    case "stall":
      serve(behaviour, exchange);
  }
}

function serve(
  behaviour: Extract<Behaviour, { kind: "serve" | "whole" | "reset" | "stall" }>,
  { request, response, file, etag, sent }: Exchange,
): void {
  const { range = "", "if-range": ifRange } = request.headers;
  const knowsRange = behaviour.kind !== "whole" && (ifRange === undefined || ifRange === etag);
  const from = knowsRange ? Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0) : 0;
  const tag = etag === undefined ? {} : { etag };
  if (from >= file.length) {
    response.writeHead(416, tag).end();
    return;
  }
  const part = file.subarray(from);
  const headers = { ...tag, "content-length": part.length, "content-type": "application/octet-stream" };
  if (from === 0) response.writeHead(200, headers);
  else
    response.writeHead(206, {
      ...headers,
      "content-range": `bytes ${from}-${file.length - 1}/${file.length}`,
    });
  if (!("after" in behaviour)) {
    sent(part.length);
    response.end(part);
    return;
  }
  const some = part.subarray(0, behaviour.after);
  sent(some.length);
  response.write(some, () => behaviour.kind === "reset" && response.socket?.destroy());
}
