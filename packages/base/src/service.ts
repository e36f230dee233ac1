/** One life cycle for every long-lived thing. */

import { FaultError, messageOf } from "./fault.ts";

/** `drain` lets what runs finish; `now` ends it. */
export type StopMode = "drain" | "now";

export interface Service {
  readonly name: string;
  /** Resolves once able to work; rejects if it never will be. */
  start(signal: AbortSignal): Promise<void>;
  /** Safe before start, safe twice. Resolves when nothing of it runs. */
  stop(mode: StopMode): Promise<void>;
}

/** The same, and then something more when it has stopped, such as to listen no longer. */
export const andThen = (service: Service, last: () => void): Service => ({
  name: service.name,
  start: (signal) => service.start(signal),
  stop: async (mode) => {
    await service.stop(mode);
    last();
  },
});

/** Starts in order; when one fails, stops those before it, in reverse, and rejects with its error. */
export async function startAll(services: readonly Service[], signal: AbortSignal): Promise<void> {
  for (const [index, service] of services.entries()) {
    try {
      signal.throwIfAborted();
      await service.start(signal);
    } catch (error) {
      // The reason for stopping is what matters; what then goes wrong follows from it.
      await stopAll(services.slice(0, index + 1), "now").catch(() => {});
      throw error;
    }
  }
}

/** Stops in reverse order, all of them, whatever one does; then rejects if any did. */
export async function stopAll(services: readonly Service[], mode: StopMode): Promise<void> {
  const failures: unknown[] = [];
  for (const service of services.toReversed()) {
    try {
      await service.stop(mode);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) {
    throw new FaultError(
      "bug",
      "stop_failed",
      `did not stop cleanly: ${failures.map(messageOf).join("; ")}`,
      {
        cause: failures[0],
      },
    );
  }
}
