/** Every request: liveness, then the guard, then the API. */

import {
  Code,
  ConnectError,
  type ConnectRouter,
  createContextValues,
  type Interceptor,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { messageBytesMax } from "@haversack/protocol";
import { peerKey } from "../auth/caller.ts";
import { type HealthAnswer, type HealthParts, healthRoutes } from "../health/routes.ts";
import { foreignRequest } from "./guard.ts";
import type { Handler } from "./server.ts";

type NodeServerResponse = Parameters<Handler>[1];

export interface HandlerParts {
  readonly routes: (router: ConnectRouter) => void;
  readonly interceptors: Interceptor[];
  /** Fires when the coordinator stops: handlers wrap up. */
  readonly stopping: AbortSignal;
  /** Absent: nobody asks. */
  readonly health?: HealthParts;
}

/** Of calls that say nothing: a stream may last as long as it likes. */
export function createHandler(parts: HandlerParts): Handler {
  const adapter = connectNodeAdapter({
    routes: parts.routes,
    interceptors: parts.interceptors,
    contextValues: ({ socket }) =>
      createContextValues().set(peerKey, { address: socket.remoteAddress ?? "", socket }),
    shutdownSignal: parts.stopping,
    readMaxBytes: messageBytesMax,
    writeMaxBytes: messageBytesMax,
    // Packs are compressed already; compressing them again cost nine tenths of the throughput.
    acceptCompression: [],
    fallback: (_request, response) => end(response, 404, "not found"),
  });
  return (request, response) => {
    const answered = healthOf(request);
    if (answered !== undefined && parts.health !== undefined)
      return void answered(parts.health).then((answer) => write(response, answer));
    const refusal = foreignRequest(request.headers);
    if (refusal !== undefined) return end(response, 403, refusal);
    if (request.url === "/metrics" && parts.health !== undefined)
      return void tellMetrics(parts.health, request, response);
    return adapter(request, response);
  };
}

async function tellMetrics(
  { metrics }: HealthParts,
  { headers, socket }: Parameters<Handler>[0],
  response: NodeServerResponse,
): Promise<void> {
  try {
    const body = await metrics(headers.authorization, socket);
    write(response, { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body });
  } catch (error) {
    const { code, rawMessage } = ConnectError.from(error);
    const status = code === Code.Unauthenticated ? 401 : code === Code.PermissionDenied ? 403 : 503;
    end(response, status, rawMessage);
  }
}

/** Probes know no token, and come by whatever name the host has. */
function healthOf({ url = "", method = "" }: Parameters<Handler>[0]) {
  const [path = ""] = url.split("?", 1);
  return method === "GET" && Object.hasOwn(healthRoutes, path) ? healthRoutes[path] : undefined;
}

function write(response: NodeServerResponse, { status, type, body }: HealthAnswer): void {
  response.statusCode = status;
  response.setHeader("content-type", type);
  response.setHeader("cache-control", "no-store");
  response.end(body);
}

function end(response: NodeServerResponse, status: number, text: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(`${text}\n`);
}
