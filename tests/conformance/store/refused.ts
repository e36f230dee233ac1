/** The answer to a worker that may not write. */

import type { AttemptRef, RefusalReason } from "@haversack/protocol";

/** An attempt that is there and somebody else's is told from one that is not there. */
export const refused = (ref: AttemptRef, reason: RefusalReason, attempt: unknown) =>
  reason === "unknown" && attempt !== undefined ? { ref, reason, foreign: true } : { ref, reason };
