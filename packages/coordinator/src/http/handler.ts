/** Every request: liveness, then the guard, then the page and the API. */

import { type ConnectRouter, createContextValues, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { messageBytesMax } from "@haversack/protocol";
import { peerKey } from "../auth/caller.ts";
import type { HealthParts } from "../health/routes.ts";
import { foreignRequest } from "./guard.ts";
import { answerHealth, answerMetrics } from "./health-answers.ts";
import { headerBytesMax } from "./http2-session.ts";
import type { ImageHttpParts } from "./image-request.ts";
import { answerImages } from "./image-routes.ts";
import type { Newcomers } from "./newcomers.ts";
import type { Handler } from "./server.ts";

type NodeServerResponse = Parameters<Handler>[1];

export interface HandlerParts {
  readonly routes: (router: ConnectRouter) => void;
  readonly interceptors: Interceptor[];
  /** Connections that nobody answers for yet; absent: nobody counts them. */
  readonly newcomers?: Newcomers;
  /** Fires when the coordinator stops: handlers wrap up. */
  readonly stopping: AbortSignal;
  /** Of a public listener: the names and addresses that it goes by, beside those of loopback. */
  readonly isOurs?: (host: string) => boolean;
  /** Absent: nobody asks. */
  readonly health?: HealthParts;
  /** Absent: of a listener without. */
  readonly images?: ImageHttpParts;
  /** The web page: whether the request was for it. Absent: of a listener without. */
  readonly page?: (...request: Parameters<Handler>) => boolean;
}

/** Of calls that say nothing: a stream may last as long as it likes. */
export function createHandler(parts: HandlerParts): Handler {
  const adapter = connectNodeAdapter({
    routes: parts.routes,
    interceptors: parts.interceptors,
    contextValues: ({ socket }) =>
      createContextValues().set(peerKey, {
        address: socket.remoteAddress ?? "",
        socket,
        proved: () => parts.newcomers?.proved(socket),
      }),
    shutdownSignal: parts.stopping,
    readMaxBytes: messageBytesMax,
    writeMaxBytes: messageBytesMax,
    // Packs are compressed already; compressing them again cost nine tenths of the throughput.
    acceptCompression: [],
    fallback: (_request, response) => end(response, 404, "not found"),
  });
  return (request, response) => {
    if (headerBytes(request.rawHeaders) > headerBytesMax)
      return end(response, 431, `the headers of a request have at most ${headerBytesMax} bytes`);
    if (parts.health !== undefined && answerHealth(parts.health, request, response)) return;
    const refusal = foreignRequest(request.headers, parts.isOurs);
    if (refusal !== undefined) return end(response, 403, refusal);
    if (parts.health !== undefined && answerMetrics(parts.health, request, response)) return;
    if (parts.images !== undefined && answerImages(parts.images, request, response)) return;
    if (parts.page?.(request, response) === true) return;
    return adapter(request, response);
  };
}

/** HTTP/2 has no limit of its own that a peer must keep. */
function headerBytes(raw: readonly string[]): number {
  let bytes = 0;
  for (const text of raw) bytes += text.length;
  return bytes;
}

function end(response: NodeServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(`${text}\n`);
}
