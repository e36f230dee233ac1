/** What the states of an image mean to who looks on: what is an end, what is newer. Pure, the same on both ends. */

import { type ImageStatus, imageStatesInFlight } from "./image.ts";
import { type WorkerImage } from "./image-order.ts";

export const isInFlight = ({ state }: ImageStatus): boolean => imageStatesInFlight.has(state);

/** Nothing more comes of itself: a failure that is tried again is no end. */
export const isAtEnd = (status: ImageStatus): boolean =>
  !isInFlight(status) && (status.state !== "failed" || status.failure?.retryAt === undefined);

/** Else they differ in progress at most. */
export const isTransition = (before: ImageStatus | undefined, next: ImageStatus): boolean =>
  before === undefined ||
  before.state !== next.state ||
  before.attempt !== next.attempt ||
  before.since !== next.since;

/**
 * Whether what was heard may replace what is known. Within a process of a worker `seq` decides: it grows with everything,
 * also where an operator's pull begins with attempt 1 again. Another process counts anew, so there the time decides.
 */
export function isNewer(next: WorkerImage, before: WorkerImage): boolean {
  const later = next.observedAt >= before.observedAt;
  if (next.bootId !== before.bootId || next.status.seq === before.status.seq) return later;
  return next.status.seq > before.status.seq;
}
