/**
 * How long a call may take. A client that names no deadline gets one; one that asks for more than there is, is refused
 * and not shortened, so that it does not believe in a time that it does not have. A session has none: pings end it.
 */

import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamRequest,
  type UnaryRequest,
} from "@connectrpc/connect";
import { abortable, type Clock, type Ms } from "@haversack/base";
import { DagService, RunService } from "@haversack/protocol";

interface Limits {
  readonly maxMs: Ms;
  /** Of a call that names none. */
  readonly defaultMs: Ms;
}

const unary: Limits = { maxMs: 60_000, defaultMs: 30_000 };
/** They read a DAG, which may be large and may have to wait for another one. */
const ofDags: Limits = { maxMs: 300_000, defaultMs: 300_000 };
/** Clients resume where they were. */
const stream: Limits = { maxMs: 900_000, defaultMs: 900_000 };

const readsDag = new Set<unknown>([RunService.method.submit, RunService.method.retry, ...DagService.methods]);

type AnyRequest = UnaryRequest | StreamRequest;

export function limitTime(clock: Clock): Interceptor {
  return (next) => async (request) => {
    const limits = limitsOf(request);
    if (limits === undefined) return await next(request);
    const asked = askedMs(request.header);
    if (asked !== undefined && asked > limits.maxMs)
      throw new ConnectError(
        `a deadline of ${asked} ms is too far away: at most ${limits.maxMs} ms are allowed for ${request.method.name}`,
        Code.InvalidArgument,
      );
    // The library keeps a deadline that was asked for.
    if (asked !== undefined) return await next(request);
    const ending = new AbortController();
    const over = (): void => ending.abort(tooLong(limits.defaultMs));
    const timer = clock.after(limits.defaultMs, over);
    const signal = AbortSignal.any([request.signal, ending.signal]);
    let goesOn = false;
    try {
      const answer = await abortable(next({ ...request, signal }), ending.signal);
      if (!answer.stream) return answer;
      goesOn = true;
      return { ...answer, message: until(answer.message, () => timer.cancel(), ending.signal) };
    } finally {
      if (!goesOn) timer.cancel();
    }
  };
}

const tooLong = (ms: Ms): ConnectError =>
  new ConnectError(`the call took longer than ${ms} ms`, Code.DeadlineExceeded);

function limitsOf({ method }: AnyRequest): Limits | undefined {
  if (method.methodKind === "bidi_streaming") return undefined;
  if (method.methodKind !== "unary") return stream;
  return readsDag.has(method) ? ofDags : unary;
}

const units: Readonly<Record<string, Ms>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** What does not parse is refused by the library before it comes here. */
function askedMs(header: Headers): Ms | undefined {
  const connect = header.get("connect-timeout-ms");
  if (connect !== null) return Number(connect);
  const [, amount, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(header.get("grpc-timeout") ?? "") ?? [];
  return amount === undefined ? undefined : Number(amount) * (units[unit] ?? 1);
}

/** The messages, until their time is over. */
async function* until<T>(
  messages: AsyncIterable<T>,
  ended: () => void,
  signal: AbortSignal,
): AsyncIterable<T> {
  try {
    for await (const message of messages) {
      signal.throwIfAborted();
      yield message;
    }
    signal.throwIfAborted();
  } finally {
    ended();
  }
}
