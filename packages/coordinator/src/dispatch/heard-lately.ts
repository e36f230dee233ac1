/** Whether a worker that is not connected here is there: another coordinator writes its heartbeats down. */

import type { Clock } from "@haversack/base";
import type { Store } from "../store/store.ts";

const awayAfterMs = 60_000;

/** A worker whose last heartbeat is older is away, whoever it was connected to. */
export const awayBefore = (now: number): number => now - awayAfterMs;

/** For {@link Store}'s `imagesLast`: without other coordinators, who is not connected here is away. */
export const heardElsewhere = (
  { shared }: Pick<Store, "shared">,
  clock: Clock,
): { readonly heardSince?: number } => (shared === undefined ? {} : { heardSince: awayBefore(clock.now()) });
