/**
 * Whether a store keeps its promises: what every verb leaves true, asked of the rows as they are. One reading
 * transaction over everything, so that it may be asked while coordinators write.
 */

import { messageOf } from "@haversack/base";
import type { Tx } from "../../store/statement.ts";

export interface CheckParts {
  readonly tx: Tx;
  /** Where the logs are; absent: they are lost, or in nobody's keeping. */
  readonly logs: Tx | undefined;
  /** Folder of the artifacts; absent: they are not looked at. */
  readonly blobs: string | undefined;
  readonly signal: AbortSignal;
}

export interface Check {
  /** Stable, for scripts. */
  readonly id: string;
  /** What holds when there is no fault. */
  readonly holds: string;
  /** Each fault as a sentence. Asked no further once it has told enough. */
  readonly faults: (parts: CheckParts) => AsyncIterable<string> | Iterable<string>;
}

export interface Checked {
  readonly id: string;
  readonly holds: string;
  readonly ok: boolean;
  /** The first of them. */
  readonly faults: readonly string[];
  /** There were more than are told. */
  readonly more: boolean;
}

const faultsToldMax = 20;

export async function runChecks(checks: readonly Check[], parts: CheckParts): Promise<Checked[]> {
  const done: Checked[] = [];
  for (const check of checks) {
    const faults: string[] = [];
    const more = await gather(check, parts, faults).catch((error: unknown) => {
      parts.signal.throwIfAborted();
      faults.push(`it cannot be told: ${messageOf(error)}`);
      return false;
    });
    done.push({ id: check.id, holds: check.holds, ok: faults.length === 0, faults, more });
  }
  return done;
}

/** @returns whether there are more */
async function gather({ faults }: Check, parts: CheckParts, told: string[]): Promise<boolean> {
  for await (const fault of faults(parts)) {
    parts.signal.throwIfAborted();
    if (told.length === faultsToldMax) return true;
    told.push(fault);
  }
  parts.signal.throwIfAborted();
  return false;
}
