/** LXD's and Incus' REST interface over the unix socket: answers, faults, and operations awaited to their end. */

import { messageOf } from "@haversack/base";
import * as z from "zod";
import { cancelled, engineUnavailable } from "../runtime-faults.ts";
import { askOverSocket, type HttpAnswer, type HttpRequest } from "./http-over-socket.ts";
import { type About, lxdFault } from "./lxd-faults.ts";

/** How long the engine may take to end an operation that is not wanted any more. */
const cancelMs = 700;

const answerForm = z.looseObject({
  type: z.enum(["sync", "async", "error"]),
  error: z.string().optional(),
  error_code: z.number().optional(),
  operation: z.string().optional(),
  metadata: z.unknown().optional(),
});

const operationForm = z.looseObject({
  id: z.string(),
  status_code: z.number(),
  err: z.string().default(""),
  metadata: z.unknown().optional(),
});

/** 200 succeeded, 400 failed, 401 cancelled; below 200: under way. */
export type Operation = z.infer<typeof operationForm>;

export interface LxdClient {
  readonly socket: string;
  /** The answer as it is, whatever its status. */
  raw(asked: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** What a question is answered with. */
  get(path: string, about: About, signal: AbortSignal): Promise<unknown>;
  /** A change, done when this resolves. One that cannot be stopped goes on after an abort, and the error says so. */
  change(asked: LxdChange, about: About, signal: AbortSignal): Promise<void>;
  /** Begins what is followed by other means. */
  begin(asked: LxdChange, about: About, signal: AbortSignal): Promise<Operation>;
  /** Of an operation, whichever way it ended. */
  end(id: string, what: string, signal: AbortSignal): Promise<Operation>;
}

export interface LxdChange {
  readonly method: "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** Sent as JSON, unless it is a stream with headers of its own. */
  readonly json?: unknown;
  readonly upload?: Pick<HttpRequest, "headers" | "body">;
}

export function lxdClient(socket: string): LxdClient {
  const raw = (asked: HttpRequest, signal: AbortSignal) => askOverSocket(socket, asked, signal);
  const ask = async (asked: HttpRequest, about: About, signal: AbortSignal) => {
    const { status, body } = await raw(asked, signal);
    const answer = answerOf(status, body);
    if (answer.type !== "error") return answer;
    throw lxdFault(answer.error_code ?? status, answer.error ?? `it answers ${status}`, about);
  };
  const end = async (id: string, what: string, signal: AbortSignal): Promise<Operation> => {
    try {
      const { status, body } = await raw({ method: "GET", path: `/1.0/operations/${id}/wait` }, signal);
      return endedOperation(id, status, answerOf(status, body));
    } catch (error) {
      if (!signal.aborted) throw error;
      const stopped = await stopOperation(raw, id);
      throw stopped ? error : cancelled(`${what}, which the engine cannot stop and may yet finish,`, error);
    }
  };
  const client: LxdClient = {
    socket,
    raw,
    get: async (path, about, signal) => (await ask({ method: "GET", path }, about, signal)).metadata,
    async begin(change, about, signal) {
      const { metadata } = await ask(requestOf(change), about, signal);
      return operationForm.parse(metadata);
    },
    async change(change, about, signal) {
      const answer = await ask(requestOf(change), about, signal);
      if (answer.type !== "async") return;
      const { id } = operationForm.parse(answer.metadata);
      const ended = await end(id, `${change.method} ${change.path}`, signal);
      if (ended.status_code !== 200) throw lxdFault(ended.status_code, ended.err, about);
    },
    end,
  };
  return client;
}

/** LXD tells of one that failed as of any other, Incus by an error of the question itself. */
function endedOperation(id: string, status: number, answer: z.infer<typeof answerForm>): Operation {
  const { type, metadata, error = `it answers ${status}`, error_code: code = status } = answer;
  if (type !== "error") return operationForm.parse(metadata);
  if (/operation not found/i.test(error)) throw lxdFault(code, error, {});
  return { id, status_code: code, err: error };
}

function requestOf({ method, path, json, upload }: LxdChange): HttpRequest {
  if (upload !== undefined) return { method, path, ...upload };
  if (json === undefined) return { method, path };
  const body = Buffer.from(JSON.stringify(json));
  return {
    method,
    path,
    body,
    headers: { "Content-Type": "application/json", "Content-Length": body.length },
  };
}

function answerOf(status: number, body: Buffer): z.infer<typeof answerForm> {
  try {
    return answerForm.parse(JSON.parse(body.toString()));
  } catch (error) {
    throw engineUnavailable(`its answer (${status}) is not LXD's: ${messageOf(error)}`, error);
  }
}

/** Whether it ended of that. Never rejects. */
async function stopOperation(raw: LxdClient["raw"], id: string): Promise<boolean> {
  try {
    const asked = { method: "DELETE", path: `/1.0/operations/${id}` } as const;
    return (await raw(asked, AbortSignal.timeout(cancelMs))).status === 200;
  } catch {
    return false;
  }
}
