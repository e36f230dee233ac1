/** Health and metrics by plain HTTP: both say whether the request was for them. */

import { Code, ConnectError } from "@connectrpc/connect";
import { type HealthAnswer, type HealthParts, healthRoutes } from "../health/routes.ts";
import type { Handler } from "./server.ts";

type Request = Parameters<Handler>[0];
type Response = Parameters<Handler>[1];

const plain = "text/plain; charset=utf-8";

/** Probes know no token, and come by whatever name the host has. */
export function answerHealth(
  parts: HealthParts,
  { url = "", method = "" }: Request,
  response: Response,
): boolean {
  const [path = ""] = url.split("?", 1);
  const route = method === "GET" && Object.hasOwn(healthRoutes, path) ? healthRoutes[path] : undefined;
  if (route === undefined) return false;
  void route(parts).then((answer) => write(response, answer));
  return true;
}

/** For whoever has the right, and came by a name of ours. */
export function answerMetrics(parts: HealthParts, request: Request, response: Response): boolean {
  if (request.url !== "/metrics" || request.method !== "GET") return false;
  parts.metrics(request.headers.authorization, request.socket).then(
    (body) => write(response, { status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body }),
    (error: unknown) => {
      const { code, rawMessage } = ConnectError.from(error);
      const status = code === Code.Unauthenticated ? 401 : code === Code.PermissionDenied ? 403 : 503;
      write(response, { status, type: plain, body: `${rawMessage}\n` });
    },
  );
  return true;
}

interface Answer extends Omit<HealthAnswer, "status" | "type"> {
  readonly status: number;
  readonly type: string;
}

function write(response: Response, { status, type, body }: Answer): void {
  response.statusCode = status;
  response.setHeader("content-type", type);
  response.setHeader("cache-control", "no-store");
  response.end(body);
}
