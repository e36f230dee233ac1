/** Queues with keys or pools, which may have names of their own in every run: those that no step has named for long go, and so do the names. */

import { integer } from "../rows.ts";
import { sharedLimitsErase } from "../statements/limit.ts";
import { queueLimitsErase, queuesErase, queuesIdle } from "../statements/queue.ts";
import type { VerbContext } from "../verb.ts";

export interface QueueCollection {
  /** Wall clock. Only queues in which no step came since. */
  readonly usedBefore: number;
  readonly limit: number;
}

/** @returns how many; fewer of both than the limit: there are no more */
export async function queuesCollect(
  { tx }: VerbContext,
  { usedBefore, limit }: QueueCollection,
): Promise<{ queues: number; names: number }> {
  const idle = (await tx.all(queuesIdle, usedBefore, limit)).map((row) => [integer(row, "no")]);
  await tx.each(queueLimitsErase, idle);
  const erased = await tx.each(queuesErase, idle);
  return { queues: erased.length, names: await tx.run(sharedLimitsErase, limit) };
}
