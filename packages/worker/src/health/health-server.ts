/** What a worker answers on a loopback port about its health. */

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FaultError, messageOf, type Service } from "@haversack/base";
import type { HealthAddress } from "../config/health-address.ts";

export interface WorkerHealth {
  /** A session is up. */
  readonly connected: boolean;
  /** The worker was told to stop. */
  readonly stopping: boolean;
}

export interface HealthServer extends Service {
  /** Once started. */
  readonly url: string;
}

/** @param metrics the text of Prometheus */
export function healthServer(
  { host, port }: HealthAddress,
  look: () => WorkerHealth,
  metrics: () => Promise<string>,
): HealthServer {
  const server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    const [path = ""] = (request.url ?? "").split("?", 1);
    if (request.method !== "GET") return answer(response, 405, "only GET");
    if (path === "/livez") return answer(response, 200, "ok");
    if (path === "/readyz") return ready(response, look());
    if (path !== "/metrics") return answer(response, 404, "not found: /livez, /readyz, /metrics");
    metrics().then(
      (text) => answer(response, 200, text, "text/plain; version=0.0.4; charset=utf-8"),
      (error: unknown) => answer(response, 500, messageOf(error)),
    );
  });
  server.maxConnections = 64;
  return {
    name: "health",
    get url() {
      const bound = server.address() as AddressInfo | null;
      return `http://${host.includes(":") ? `[${host}]` : host}:${bound?.port ?? port}`;
    },
    start: () =>
      new Promise((resolve, reject) => {
        server.once("error", (error) => {
          const message = `health-listen: cannot listen on ${host}:${port}: ${messageOf(error)}`;
          reject(new FaultError("unavailable", "cannot_listen", message, { cause: error }));
        });
        server.listen({ host, port }, () => resolve());
      }),
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function ready(response: ServerResponse, { connected, stopping }: WorkerHealth): void {
  const checks = {
    connected: { ok: connected, detail: connected ? "a session is up" : "no session with the coordinator" },
    serving: { ok: !stopping, detail: stopping ? "the worker is stopping" : "not stopping" },
  };
  const isReady = connected && !stopping;
  const body = JSON.stringify({ ready: isReady, checks }, undefined, 2);
  answer(response, isReady ? 200 : 503, body, "application/json");
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(text.endsWith("\n") ? text : `${text}\n`);
}
