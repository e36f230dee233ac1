/** How much log a worker keeps, as its environment says. */

import { FaultError, parseByteSize } from "@haversack/base";

export interface LogBoundSettings {
  /** What one attempt may write for long; 0: any. */
  readonly bytesPerSecond: number;
  /** That may come at once on top of it. */
  readonly burstBytes: number;
  readonly streamBytesMax: number;
  /** On the disk of this worker, of all attempts whose result is not acknowledged. */
  readonly spoolBytesMax: number;
}

export const logBoundDefaults: LogBoundSettings = {
  bytesPerSecond: 5_000_000,
  burstBytes: 128 * 1024 ** 2,
  streamBytesMax: 256 * 1024 ** 2,
  spoolBytesMax: 4 * 1024 ** 3,
};

/** Throws `bad_option` for a size that is none. */
export function logBoundsFrom(env: NodeJS.ProcessEnv): LogBoundSettings {
  const size = (name: string, preset: number): number => {
    const text = env[name] ?? "";
    const bytes = text === "" ? preset : parseByteSize(text);
    if (bytes !== undefined) return bytes;
    const message = `${name}: expected a size such as 5000000 or 64MiB, found ${JSON.stringify(text)}`;
    throw new FaultError("invalid", "bad_option", message);
  };
  return {
    bytesPerSecond: size("HAVERSACK_LOG_RATE", logBoundDefaults.bytesPerSecond),
    burstBytes: size("HAVERSACK_LOG_BURST", logBoundDefaults.burstBytes),
    streamBytesMax: size("HAVERSACK_LOG_MAX", logBoundDefaults.streamBytesMax),
    spoolBytesMax: size("HAVERSACK_SPOOL_MAX", logBoundDefaults.spoolBytesMax),
  };
}
