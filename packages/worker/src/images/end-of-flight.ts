/** Waits for an image to come to an end of its own. The flight knows nothing of those who wait. */

import { abortable } from "@haversack/base";
import type { Digest, ImageStatus } from "@haversack/protocol";
import type { Board } from "./board.ts";
import type { ImageRecord } from "./image-record.ts";
import { isInFlight } from "./image-table.ts";

/**
 * Resolves when nothing more becomes of it by itself; rejects with the signal's reason.
 * @param waits `planned`: also for a try that is planned
 */
export async function endOfFlight(
  board: Board,
  digest: Digest,
  waits: "planned" | "flying",
  signal: AbortSignal,
): Promise<ImageStatus> {
  const found = Promise.withResolvers<ImageStatus>();
  const see = ({ status }: ImageRecord): void => {
    const isPlanned = status.failure?.retryAt !== undefined && waits === "planned";
    if (!isInFlight(status.state) && !isPlanned) found.resolve(status);
  };
  const stopListening = board.onMove((record) => record.image.digest === digest && see(record));
  const record = board.get(digest);
  if (record !== undefined) see(record);
  try {
    return await abortable(found.promise, signal);
  } finally {
    stopListening();
  }
}
