/** The polite end of connections: no new calls, and those under way may end, but not for ever. */

import type { Clock, Ms } from "@haversack/base";

/** With what else there is to do, a coordinator is gone within ten seconds. */
const patienceMs: Ms = 6000;

interface Session {
  /** Sends GOAWAY; the session is closed when its calls have ended. */
  close(): void;
}

/**
 * Resolves when all connections are closed, when the signal fires, or when it took too long; what is left then is the
 * caller's to destroy.
 */
export async function letGo(
  sessions: Iterable<Session>,
  closed: Promise<void>,
  clock: Clock,
  hurry: AbortSignal,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const give = (): void => over.resolve();
  const timer = clock.after(patienceMs, give);
  hurry.addEventListener("abort", give, { once: true });
  if (hurry.aborted) give();
  try {
    for (const session of sessions) session.close();
    await Promise.race([closed, over.promise]);
  } finally {
    timer.cancel();
    hurry.removeEventListener("abort", give);
  }
}
