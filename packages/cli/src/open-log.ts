/** The program's own log: JSON lines, one object each. */

import { FaultError, type Log } from "@haversack/base";
import { destination, pino } from "pino";

const levels = ["debug", "info", "warn", "error", "silent"];
const stderr = 2;

/** @param level from HAVERSACK_LOG; `info` when it is not set */
export function openLog(level: string | undefined, file: string | undefined): Log {
  const wanted = level === undefined || level === "" ? "info" : level;
  if (!levels.includes(wanted)) {
    throw new FaultError("invalid", "bad_log_level", `HAVERSACK_LOG must be one of ${levels.join(", ")}`);
  }
  const options = { level: wanted, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  return pino(
    options,
    destination({ dest: file ?? stderr, sync: true, append: true, mkdir: true, mode: 0o600 }),
  );
}
