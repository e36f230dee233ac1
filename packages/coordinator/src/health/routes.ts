/** What probes ask by plain HTTP, without a token: it says how this coordinator is, and nothing of what it holds. */

import type { Socket } from "node:net";
import type { LoopWatch } from "./loop-watch.ts";
import type { ReadinessChecks } from "./readiness.ts";

export interface HealthParts {
  readonly loop: LoopWatch;
  readonly readiness: ReadinessChecks;
  /** Rejects for whoever may not read metrics. @param authorization the header of that name */
  readonly metrics: (authorization: string | undefined, socket: Socket) => Promise<string>;
}

export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly type:
    | "text/plain; charset=utf-8"
    | "text/plain; version=0.0.4; charset=utf-8"
    | "application/json";
  readonly body: string;
}

const text = (ok: boolean, body: string): HealthAnswer => ({
  status: ok ? 200 : 503,
  type: "text/plain; charset=utf-8",
  body: `${body}\n`,
});

/** By path. The port is opened when the schema is up to date, so that whoever is answered has started. */
export const healthRoutes: Readonly<Record<string, (parts: HealthParts) => Promise<HealthAnswer>>> = {
  "/livez": async ({ loop }) => {
    const silent = Math.round(loop.silentForMs);
    return loop.isAlive ? text(true, "ok") : text(false, `the event loop did not turn for ${silent} ms`);
  },
  "/startupz": async () => text(true, "started"),
  "/readyz": async ({ readiness }) => {
    const found = await readiness.look();
    return {
      status: found.ready ? 200 : 503,
      type: "application/json",
      body: `${JSON.stringify(found, undefined, 2)}\n`,
    };
  },
};
