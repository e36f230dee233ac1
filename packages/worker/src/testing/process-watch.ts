/** What tests of processes look with: at the table of processes, until something is so, and at what a step says first. */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { pause, systemClock } from "@haversack/base";

/** The arguments of a process, each ended by NUL; empty when it is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** Looks again and again, for at most 2 s; answers whether it came true. */
export async function until(isTrue: () => boolean): Promise<boolean> {
  const deadline = performance.now() + 2000;
  while (!isTrue() && performance.now() < deadline)
    await pause(systemClock, 10, new AbortController().signal);
  return isTrue();
}

export async function firstLine(tree: { readonly stdout: Readable }): Promise<void> {
  for await (const _ of createInterface({ input: tree.stdout })) return;
}
