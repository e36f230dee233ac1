/** A worker that dials tells what it holds. */

import { refKey, type WorkerHello } from "@haversack/protocol";
import { attemptsOfWorker } from "../statements/attempt.ts";
import type { VerbContext } from "../verb.ts";
import type { AttemptRow } from "./attempt-row.ts";
import { type AttemptEnd, endAttempts } from "./end-attempt.ts";
import { identityOf, requireNotRevoked } from "./identity-verbs.ts";
import { leasesRenew, liveOfRows, lost } from "./lease-verbs.ts";
import { workerPut } from "./worker-verbs.ts";

export interface Greeting {
  readonly hello: WorkerHello;
  readonly now: number;
  readonly leaseUntil: number;
  /** Where others reach the coordinator that it dialled; absent: nowhere. */
  readonly url?: string;
}

/**
 * Its list of held attempts is the truth about itself: what the store thinks it holds beyond that is lost at once. An
 * attempt that never reached a process which still lives costs nothing.
 */
export async function workerGreet(context: VerbContext, { hello, now, leaseUntil, url }: Greeting) {
  const { workerId, bootId } = hello;
  const identity = await identityOf(context, workerId);
  if (identity !== undefined) requireNotRevoked(identity);
  await workerPut(context, hello, now, url);
  const held = new Set(hello.held.map(refKey));
  const live = await liveOfRows(context, await context.tx.all(attemptsOfWorker, workerId));
  const ends: AttemptEnd[] = [];
  for (const attempt of live) {
    if (held.has(refKey(attempt.ref))) continue;
    const arrived = attempt.phase === "running" || attempt.bootId !== bootId;
    if (arrived) ends.push(...(await lost(context, attempt)));
    else ends.push({ attempt, ending: "returned", move: returned(attempt) });
  }
  await endAttempts(context, ends, now);
  return await leasesRenew(context, { workerId, bootId, refs: hello.held, leaseUntil, now });
}

function returned(attempt: AttemptRow) {
  return { event: attempt.history.cancelRequested ? "cancelled" : "returned" } as const;
}
