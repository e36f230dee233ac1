/** An image that is no good: it is not chosen again, and removed before it is fetched again. */

import type { Digest } from "@haversack/protocol";
import type { Board } from "./board.ts";
import { FlightFault } from "./flight-fault.ts";
import { pauseMs } from "./schedule.ts";

/** @param now milliseconds since 1970 */
export function retire(board: Board, digest: Digest, why: string, now: number): void {
  const { message, hint } = new FlightFault("corrupt", why);
  board.note(digest, { retired: true });
  board.move(digest, "spoilt", {
    status: { failure: { code: "corrupt", message, hint } },
    pausedUntil: now + pauseMs,
  });
}
