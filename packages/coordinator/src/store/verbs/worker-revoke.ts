/** The end of a worker's rights: its row, and all leases it holds, in one transaction. */

import { FaultError } from "@haversack/base";
import type { WorkerId } from "@haversack/protocol";
import { attemptsOfWorker } from "../statements/attempt.ts";
import { identityRevoke } from "../statements/identity.ts";
import type { VerbContext } from "../verb.ts";
import { endAttempts } from "./end-attempt.ts";
import { forgetImagesOf } from "./image-verbs.ts";
import { liveOfRows, lost } from "./lease-verbs.ts";

/** Safe twice: what it was given in between is void, too. @returns the number of leases that it lost */
export async function workerRevoke(
  context: VerbContext,
  { workerId, now }: { readonly workerId: WorkerId; readonly now: number },
): Promise<number> {
  const revoked = await context.tx.run(identityRevoke, workerId, now);
  if (revoked === 0) {
    const message = `no worker ${workerId} has joined; \`haversack workers\` lists them`;
    throw new FaultError("missing", "unknown_worker", message);
  }
  const live = await liveOfRows(context, await context.tx.all(attemptsOfWorker, workerId));
  const ends = (await Promise.all(live.map((attempt) => lost(context, attempt)))).flat();
  await endAttempts(context, ends, now);
  await forgetImagesOf(context, workerId);
  return ends.length;
}
