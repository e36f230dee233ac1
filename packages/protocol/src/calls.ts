/** Calls of a client: faults thrown instead of codes. */

import { FaultError } from "@haversack/base";
import { type TraceContext, traceFields } from "./model/trace.ts";
import { fromConnectError } from "./wire/fault-codes.ts";
import { tlsAdvice } from "./wire/tls-errors.ts";

/** Options of a call that has a place in a trace. */
export const placed = (trace: TraceContext | undefined, signal: AbortSignal) => ({
  signal,
  headers: traceFields(trace),
});

/** One answer. */
export async function once<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw faultOfCall(error, signal);
  }
}

/** A stream of answers. */
export async function* each<T>(answers: AsyncIterable<T>, signal: AbortSignal): AsyncIterable<T> {
  try {
    yield* answers;
  } catch (error) {
    throw faultOfCall(error, signal);
  }
}

/** A peer that dies in the middle of a call looks like a cancel; only our own signal makes it one. */
function faultOfCall(error: unknown, signal: AbortSignal): FaultError {
  const fault = fromConnectError(error);
  const advice = tlsAdvice(fault);
  if (advice !== undefined) return new FaultError("unavailable", "tls", advice, { cause: error });
  if (fault.fault !== "cancelled" || signal.aborted) return fault;
  return new FaultError("unavailable", "connection_lost", "the connection to the coordinator broke", {
    cause: error,
  });
}
