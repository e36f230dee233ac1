/** Cancellation is an `AbortSignal` argument, the last one, and it leaves nothing behind. */

import { FaultError } from "./fault.ts";
import type { Clock, Ms } from "./ports.ts";

/** The reason a signal was given, as an error. */
export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  if (reason instanceof Error) return reason;
  return new FaultError("cancelled", "cancelled", typeof reason === "string" ? reason : "cancelled");
}

/** Races what cannot be aborted against the signal; the loser's listener is always removed. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => {});
    throw reasonOf(signal);
  }
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(reasonOf(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Resolves after `ms`, rejects at once when the signal fires. */
export async function pause(clock: Clock, ms: Ms, signal: AbortSignal): Promise<void> {
  const done = Promise.withResolvers<void>();
  const timer = clock.after(ms, () => done.resolve());
  try {
    await abortable(done.promise, signal);
  } finally {
    timer.cancel();
  }
}
