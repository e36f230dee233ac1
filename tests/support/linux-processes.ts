/** Which processes carry a text in their environment or command line, on Linux. */

import { readdirSync, readFileSync } from "node:fs";

export function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(
      (pid) =>
        pid !== process.pid && (reads(pid, "environ").includes(text) || reads(pid, "cmdline").includes(text)),
    );
}

function reads(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
