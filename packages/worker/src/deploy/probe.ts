/** One look at the health of a container: an HTTP request, a connection or a command in it. */

import { request } from "node:http";
import { connect, type NetConnectOpts } from "node:net";
import { FaultError } from "@haversack/base";
import type { DeployHealth } from "@haversack/protocol";
import type { ContainerView } from "../runtime/container.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { cleanLines } from "./life.ts";
import { containerUser } from "./own-folder.ts";

export interface Probing {
  readonly runtime: Runtime;
  readonly view: ContainerView;
  readonly health: DeployHealth;
  /** Ends the look. */
  readonly signal: AbortSignal;
}

const outputMax = 1024;

/** Undefined: it is well; else what is wrong. Rejects when nobody answers. */
export async function probeOnce(probing: Probing): Promise<string | undefined> {
  const { probe } = probing.health;
  switch (probe.kind) {
    case "http":
      return await ask(placeOf(probing), probe.path, probing.signal);
    case "tcp":
      return await knock(placeOf(probing), probing.signal);
    case "command":
      return await run(probing, probe.argv);
    default:
      return probe satisfies never;
  }
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** The container's own address; where the engine tells none, a port that it publishes. */
function placeOf({ view, health }: Probing): Place {
  const port = health.port ?? view.ports[0]?.containerPort;
  if (port === undefined) throw unreachable(view, "its health names no port and it has none");
  if (view.address !== undefined) return { host: view.address, port };
  const published = view.ports.find(({ containerPort }) => containerPort === port);
  if (published === undefined || published.hostPort === 0)
    throw unreachable(view, `it has no address and does not publish port ${port}`);
  const isAny = published.address === "0.0.0.0" || published.address === "::";
  return { host: isAny ? "127.0.0.1" : published.address, port: published.hostPort };
}

function unreachable({ name }: ContainerView, why: string): FaultError {
  const message = `the container ${name} cannot be reached from its host: ${why}; add the port to \`ports\`, or use a command for its health`;
  return new FaultError("invalid", "health_unreachable", message);
}

async function ask({ host, port }: Place, path: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = Promise.withResolvers<string | undefined>();
  // No agent: a connection of an earlier look must not answer for this one. No proxy either: it is a neighbour.
  const asked = request(
    { host, port, path, agent: false, signal, headers: { connection: "close" } },
    (response) => {
      const { statusCode = 0 } = response;
      response.resume();
      const isWell = statusCode >= 200 && statusCode < 300;
      answer.resolve(isWell ? undefined : `GET ${path} on port ${port} answered ${statusCode}`);
      response.destroy();
    },
  );
  asked.on("error", answer.reject);
  asked.end();
  return await answer.promise;
}

async function knock({ host, port }: Place, signal: AbortSignal): Promise<undefined> {
  const open = Promise.withResolvers<undefined>();
  const options: NetConnectOpts = { host, port };
  const socket = connect(options, () => open.resolve(undefined));
  socket.on("error", open.reject);
  const onAbort = (): void => open.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await open.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

async function run({ runtime, view, signal }: Probing, argv: readonly string[]): Promise<string | undefined> {
  const { exitCode, output } = await runtime.exec(view.id, { argv, outputMax, user: containerUser }, signal);
  if (exitCode === 0) return undefined;
  const words = cleanLines(Buffer.from(output).toString("utf8"));
  return `${argv[0] ?? ""} ended with exit code ${exitCode}${words === "" ? "" : `: ${words}`}`;
}
