/** One thing that `haversack doctor` looks at, and how it looks at all of them: none can hold it up. */

import { abortable, type Clock, FaultError, formatDuration, type Ms, messageOf } from "@haversack/base";

export const verdicts = ["ok", "warning", "problem"] as const;
export type Verdict = (typeof verdicts)[number];

export interface Finding {
  readonly verdict: Verdict;
  /** What was found. */
  readonly found: string;
  /** What to do; absent: nothing. */
  readonly advice?: string;
}

export interface Check {
  readonly name: string;
  readonly look: (signal: AbortSignal) => Promise<Finding>;
}

export interface Report extends Finding {
  readonly name: string;
}

/** For each check. */
const limitMs: Ms = 8000;

export const ok = (found: string): Finding => ({ verdict: "ok", found });
export const warning = (found: string, advice: string): Finding => ({ verdict: "warning", found, advice });
export const problem = (found: string, advice: string): Finding => ({ verdict: "problem", found, advice });

/** One after the other, so that none is measured while another is at work. */
export async function* examine(
  checks: readonly Check[],
  clock: Clock,
  stopping: AbortSignal,
): AsyncIterable<Report> {
  for (const { name, look } of checks) {
    stopping.throwIfAborted();
    yield { name, ...(await within(look, clock, stopping)) };
  }
}

async function within(look: Check["look"], clock: Clock, stopping: AbortSignal): Promise<Finding> {
  const late = new AbortController();
  const reason = new FaultError("unavailable", "too_slow", "too slow");
  const timer = clock.after(limitMs, () => late.abort(reason));
  const signal = AbortSignal.any([late.signal, stopping]);
  try {
    return await abortable(look(signal), signal);
  } catch (error) {
    stopping.throwIfAborted();
    if (late.signal.aborted) {
      return problem(
        `no answer within ${formatDuration(limitMs)}`,
        "something it depends on hangs: look at its disk or network",
      );
    }
    const why = `could not be looked at: ${causeOf(error)}`;
    return problem(why, "mend what stands before it in this list; if nothing does, tell us about it");
  } finally {
    timer.cancel();
  }
}

/** What fetch says of itself is only that it failed. */
const causeOf = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : messageOf(error);
