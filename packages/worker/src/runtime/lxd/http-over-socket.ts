/** One HTTP request over a unix socket, each on a connection of its own: the far end is on this host, and is asked rarely. */

import { request } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { FaultError, messageOf } from "@haversack/base";
import { cancelled, engineUnavailable } from "../runtime-faults.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query, escaped. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Uint8Array | Readable;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** What an engine says of itself in one answer is far below. */
const answerMax = 64 * 1024 * 1024;

/** Any status is an answer. Rejects with `unavailable` without one, and with `cancelled`. */
export async function askOverSocket(
  socket: string,
  asked: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const what = `${asked.method} ${asked.path}`;
  if (signal.aborted) throw reasonOrCancelled(what, signal);
  const answer = Promise.withResolvers<HttpAnswer>();
  const outgoing = request({
    socketPath: socket,
    method: asked.method,
    path: asked.path,
    headers: { Host: "lxd", ...asked.headers },
    agent: false,
    signal,
  });
  outgoing.on("error", (error) => answer.reject(error));
  outgoing.on("response", (incoming) => {
    readAll(incoming).then(
      (body) => answer.resolve({ status: incoming.statusCode ?? 0, body }),
      (error: unknown) => answer.reject(error),
    );
  });
  const { body } = asked;
  // The engine may answer, and hang up, before it has read all of it: its answer counts, and the cut is in it.
  if (body === undefined || body instanceof Uint8Array) outgoing.end(body);
  else pipeline(body, outgoing).catch((error: unknown) => answer.reject(error));
  try {
    return await answer.promise;
  } catch (error) {
    if (signal.aborted) throw reasonOrCancelled(what, signal);
    if (error instanceof FaultError) throw error;
    throw engineUnavailable(`${what} at ${socket}: ${messageOf(error)}`, error);
  } finally {
    outgoing.destroy();
  }
}

/** What a call that was told to stop rejects with: the caller's own fault, when the signal has one. */
export function reasonOrCancelled(what: string, signal: AbortSignal): FaultError {
  return signal.reason instanceof FaultError ? signal.reason : cancelled(what, signal.reason);
}

async function readAll(incoming: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming) {
    length += part.length;
    if (length > answerMax) throw engineUnavailable(`its answer is longer than ${answerMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
