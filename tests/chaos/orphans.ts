/** Processes of steps, found by what nobody can take from them: the environment or the command line they began with. */

import { listProcesses, readProcess } from "../../packages/worker/src/execute/process-table.ts";
import { processesWith } from "../support/linux-processes.ts";

/** Every process whose environment or command line has the text, but those of `known`. */
export function strangers(text: string, known: ReadonlySet<number>): number[] {
  return processesWith(text).filter((pid) => !known.has(pid) && readProcess(pid) !== undefined);
}

/** What a process has started, and what that has, in sessions of its own or not; not the process itself. */
export function descendants(pid: number): Descendant[] {
  const root = readProcess(pid);
  if (root === undefined) return [];
  const rows = listProcesses();
  const family = new Set([pid]);
  for (let size = 0; size !== family.size; ) {
    size = family.size;
    for (const row of rows) if (family.has(row.parent)) family.add(row.pid);
  }
  return rows.filter((row) => row.pid !== pid && family.has(row.pid));
}

export type Descendant = ReturnType<typeof listProcesses>[number];

/** Which of them live still, under the same number and with the same age. */
export function stillAlive(processes: readonly Descendant[]): Descendant[] {
  return processes.filter(({ pid, startedAt }) => readProcess(pid)?.startedAt === startedAt);
}
