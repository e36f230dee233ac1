/** Ends processes that somebody else finds: asks each to leave, waits for the grace, kills what is left. */

import { kill } from "node:process";
import { type Clock, type Ms, pause, systemCodeOf } from "@haversack/base";
import type { ProcessRow } from "./process-table.ts";

/** Between SIGTERM and SIGKILL; as a function it is asked at each look, for it may shrink. */
export type Grace = Ms | (() => Ms);

/** How often the table is read while processes are about to end. */
export const pollMs = { floor: 10, cap: 200 } as const;
/** How long a killed process may take to be gone. */
export const killWaitMs = 20_000;

export interface Endings {
  /** Those that are left. */
  readonly find: () => readonly ProcessRow[];
  /** Called again and again after the grace, with those that are left. */
  readonly kill?: (left: readonly ProcessRow[]) => void;
  /** One that is waited for and not asked to leave. */
  readonly isSpared?: (row: ProcessRow) => boolean;
  readonly clock: Clock;
  readonly grace: Grace;
}

/**
 * SIGTERM to all, the grace to leave, then SIGKILL until none is found. Answers with those that outlived it. Never
 * rejects.
 */
export async function endAll({
  find,
  kill = killEach,
  isSpared,
  clock,
  grace,
}: Endings): Promise<readonly number[]> {
  let left = find();
  const begun = clock.monotonic();
  const termed = new Set<number>();
  let waitMs: Ms = pollMs.floor;
  // Ends: the grace and the wait after it are bounded.
  while (left.length > 0) {
    const waited = clock.monotonic() - begun;
    const graceMs = msOf(grace);
    if (waited >= graceMs + killWaitMs) break;
    if (waited >= graceMs) kill(left);
    else askToLeave(isSpared === undefined ? left : left.filter((row) => !isSpared(row)), termed);
    await pause(clock, Math.min(waitMs, Math.max(1, waited < graceMs ? graceMs - waited : waitMs)), never);
    waitMs = Math.min(pollMs.cap, waitMs * 2);
    left = find();
  }
  return left.map((row) => row.pid);
}

function killEach(rows: readonly ProcessRow[]): void {
  for (const row of rows) send(row.pid, "SIGKILL");
}

/** Once to each; a stopped process hears it only when it is woken. */
function askToLeave(rows: readonly ProcessRow[], termed: Set<number>): void {
  for (const row of rows) {
    if (termed.has(row.pid)) continue;
    termed.add(row.pid);
    send(row.pid, "SIGTERM");
    send(row.pid, "SIGCONT");
  }
}

export const msOf = (grace: Grace): Ms => (typeof grace === "function" ? grace() : grace);

/** Whether there was something that could be signalled. */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return kill(pid, signal);
  } catch (error) {
    // EPERM: it is there, but it is not ours to signal.
    return systemCodeOf(error) === "EPERM";
  }
}

/** Ending is not cancellable: whoever asks for it waits for it. */
export const never = new AbortController().signal;
