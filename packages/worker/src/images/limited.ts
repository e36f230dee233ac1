/** Work with a limit of time. */

import { type Clock, type Ms, reasonOf } from "@haversack/base";
import type { FlightFault } from "./flight-fault.ts";

/** Ends the work after `ms` with the fault, and with the signal. */
export async function limited<T>(
  clock: Clock,
  limit: { readonly ms: Ms; readonly fault: () => FlightFault },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = clock.after(limit.ms, () => late.abort(limit.fault()));
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    if (signal.aborted) throw reasonOf(signal);
    throw late.signal.aborted ? reasonOf(late.signal) : error;
  } finally {
    timer.cancel();
  }
}
