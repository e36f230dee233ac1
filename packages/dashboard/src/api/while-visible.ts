/** Work that rests while nobody can be looking: browsers allow few connections to one server, and tabs are many. */

import type { Ms, Timer } from "@haversack/base";
import type { Outside } from "./outside.ts";

const hiddenMaxMs: Ms = 30_000;

/** Ends with the signal, or when the work ends by itself. @param work must not reject, and ends with its signal */
export async function whileVisible(
  outside: Pick<Outside, "clock" | "isVisible" | "onVisible">,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const hidden = new AbortController();
    const stop = whenHidden(outside, () => hidden.abort());
    await work(AbortSignal.any([signal, hidden.signal]));
    stop();
    if (!hidden.signal.aborted) return;
    await visibleAgain(outside, signal);
  }
}

/** Calls when it was hidden for long. @returns the way to stop */
function whenHidden(
  { clock, isVisible, onVisible }: Pick<Outside, "clock" | "isVisible" | "onVisible">,
  call: () => void,
): () => void {
  let timer: Timer | undefined;
  const look = (): void => {
    timer?.cancel();
    timer = isVisible() ? undefined : clock.after(hiddenMaxMs, call);
  };
  const stop = onVisible(look);
  look();
  return () => {
    timer?.cancel();
    stop();
  };
}

/** Resolves also with the signal. */
async function visibleAgain(
  { isVisible, onVisible }: Pick<Outside, "isVisible" | "onVisible">,
  signal: AbortSignal,
): Promise<void> {
  const seen = Promise.withResolvers<void>();
  const look = (): void => {
    if (isVisible() || signal.aborted) seen.resolve();
  };
  const stop = onVisible(look);
  signal.addEventListener("abort", look, { once: true });
  look();
  await seen.promise;
  stop();
  signal.removeEventListener("abort", look);
}
