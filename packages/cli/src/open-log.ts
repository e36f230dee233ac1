/** The program's own log: JSON lines, one object each. */

import { FaultError, type Log } from "@haversack/base";
import { destination, pino } from "pino";

const levels = ["debug", "info", "warn", "error", "silent"];
const stderr = 2;

/**
 * Each line has level, time, component and message, and the ids of what it is about: run, step, attempt, worker.
 * @param level from HAVERSACK_LOG_LEVEL or HAVERSACK_LOG; `info` when neither is set
 * @param component whose log it is, such as `worker`
 */
export function openLog(level: string | undefined, file: string | undefined, component: string): Log {
  const wanted = level === undefined || level === "" ? "info" : level;
  if (!levels.includes(wanted)) {
    throw new FaultError(
      "invalid",
      "bad_log_level",
      `HAVERSACK_LOG_LEVEL must be one of ${levels.join(", ")}`,
    );
  }
  const options = {
    level: wanted,
    base: { component },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(
    options,
    destination({ dest: file ?? stderr, sync: true, append: true, mkdir: true, mode: 0o600 }),
  );
}
