/** The connection to Docker or Podman, and what every call to it shares: its faults, and its signal. */

import type { Readable } from "node:stream";
import { type Clock, FaultError, messageOf, systemCodeOf } from "@haversack/base";
import type Dockerode from "dockerode";
import { cancelled, engineUnavailable, noSpace, refused } from "../runtime-faults.ts";
import { type Dialect, dialectOf } from "./dialect.ts";

export interface Engine {
  readonly docker: Dockerode;
  readonly clock: Clock;
  /** Of the registry's manifest; not of what the engine downloads. */
  readonly fetch: typeof globalThis.fetch;
  /** Whoever makes or removes a network waits for the one before. */
  readonly networks: { turn: Promise<void> };
  /** What it is, as it said last; asked at the first call. */
  dialect(signal: AbortSignal): Promise<Dialect>;
  /** Asks anew. */
  version(signal: AbortSignal): Promise<Dockerode.DockerVersion>;
}

/** Of the library, where an engine answered with another status than was hoped for. */
interface StatusError extends Error {
  readonly statusCode: number;
}

/** @param host `unix:///PATH` or `tcp://HOST:PORT` */
export async function openEngine(
  host: string,
  { clock, fetch }: Pick<Engine, "clock" | "fetch">,
): Promise<Engine> {
  // Loaded here: a worker without containers does not pay for it.
  const { default: Docker } = await import("dockerode");
  const docker = new Docker(placeOf(host));
  let dialect: Dialect | undefined;
  const version = async (signal: AbortSignal) => {
    const said = await engineCall("asking for its version", signal, () =>
      readJson<Dockerode.DockerVersion>(docker, "/version", signal),
    );
    dialect = dialectOf(said);
    return said;
  };
  return {
    docker,
    clock,
    fetch,
    networks: { turn: Promise.resolve() },
    version,
    async dialect(signal) {
      if (dialect === undefined) await version(signal);
      return dialect ?? dialectOf({});
    },
  };
}

function placeOf(host: string): Dockerode.DockerOptions {
  const url = URL.parse(host);
  if (url?.protocol === "unix:") return { socketPath: decodeURIComponent(url.pathname) };
  if ((url?.protocol === "tcp:" || url?.protocol === "http:") && url.port !== "") {
    return { protocol: "http", host: url.hostname, port: Number(url.port) };
  }
  const message = `${JSON.stringify(host)} is no address of a container engine: expected unix:///PATH or tcp://HOST:PORT`;
  throw new FaultError("invalid", "bad_engine_address", message);
}

/**
 * Rejects with FaultError only. What a verb knows better than `refused` it says in `byStatus`.
 * @param what for people, as in "starting the container"
 */
export async function engineCall<T>(
  what: string,
  signal: AbortSignal,
  call: () => Promise<T>,
  byStatus: (status: number, said: string, error: unknown) => FaultError | undefined = () => undefined,
): Promise<T> {
  if (signal.aborted) throw cancelled(what, signal.reason);
  try {
    return await call();
  } catch (error) {
    // Whatever broke then, broke because of it.
    if (signal.aborted) throw cancelled(what, signal.reason);
    if (error instanceof FaultError) throw error;
    const status = statusOf(error);
    if (status === undefined) throw engineUnavailable(`${what}: ${whyOf(error)}`, error);
    const said = saidBy(error);
    if (/no space left|disk quota exceeded/i.test(said)) throw noSpace(said, error);
    throw byStatus(status, said, error) ?? refused(`${what}: ${said}`, error);
  }
}

/** For what the library has no verb for, or none that can be cancelled. */
export async function readJson<T>(docker: Dockerode, path: string, signal: AbortSignal): Promise<T> {
  return (await dial(docker, { path, abortSignal: signal })) as T;
}

/** The answer as it comes, where the library would gather it first. */
export async function readStream(
  docker: Dockerode,
  path: string,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Readable> {
  return (await dial(docker, {
    path: `${path}?`,
    options: { ...query },
    abortSignal: signal,
    isStream: true,
  })) as Readable;
}

async function dial(docker: Dockerode, options: object): Promise<unknown> {
  const statusCodes = { 200: true, 404: "no such thing", 500: "server error" };
  return await new Promise((resolve, reject) => {
    const request = { ...options, method: "GET", statusCodes };
    docker.modem.dial(request as never, (error: Error | null | undefined, data: unknown) => {
      if (error === null || error === undefined) resolve(data);
      else reject(error);
    });
  });
}

/** Undefined: it did not answer. */
export function statusOf(error: unknown): number | undefined {
  const status: unknown = error instanceof Error ? (error as Partial<StatusError>).statusCode : undefined;
  return typeof status === "number" ? status : undefined;
}

/** In the engine's own words, without what the library puts before them. */
export function saidBy(error: unknown): string {
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) .*? - /, "")
    .trim()
    .slice(0, 1000);
}

function whyOf(error: unknown): string {
  const code = systemCodeOf(error);
  return code === undefined ? messageOf(error) : `${messageOf(error)} (${code})`;
}
