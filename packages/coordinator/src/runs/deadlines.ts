/** What a time limit does when it is over, in words. Pure. */

import { formatDuration, type Ms } from "@haversack/base";
import type { Failure } from "@haversack/protocol";

/** Of a run: what has no time any more. Bits, for the handlers have a time of their own after that of the steps. */
export const timedOut = { steps: 1, handlers: 2 } as const;

export function runTimeout(timeoutMs: Ms): Failure {
  const message = `its steps had not ended after ${formatDuration(timeoutMs)}, the timeout of the DAG`;
  return { code: "run_timeout", message };
}

export function queueTimeout(queueTimeoutMs: Ms): Failure {
  const message = `no worker took it within ${formatDuration(queueTimeoutMs)}, its queueTimeout`;
  return { code: "queue_timeout", message };
}
