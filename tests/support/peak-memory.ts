/** The most memory that this process ever had. */

import { readFileSync } from "node:fs";

/** Bytes. On Linux a process is born with the maximum of its parent, which would hide its own; VmHWM is its own alone. */
export function peakMemoryBytes(): number {
  const [, own] = /^VmHWM:\s*(\d+) kB$/m.exec(statusOfProcess()) ?? [];
  return (own === undefined ? process.resourceUsage().maxRSS : Number(own)) * 1024;
}

function statusOfProcess(): string {
  try {
    return readFileSync("/proc/self/status", "latin1");
  } catch {
    return "";
  }
}
