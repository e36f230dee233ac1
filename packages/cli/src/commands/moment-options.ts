/** Moments on a command line. */

import { parseDuration } from "@haversack/base";
import { InvalidArgumentError } from "commander";

/** Milliseconds since 1970. Without an offset it is UTC: the same command means the same everywhere. */
export function momentOf(text: string): number {
  const [, day, time = "00:00", offset = "Z"] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T${time}${offset}`);
  if (Number.isNaN(at)) throw new InvalidArgumentError("It must look like 2026-01-31 or 2026-01-31T06:00.");
  return at;
}

/** A moment, or a duration before now. */
export type Since = { readonly at: number } | { readonly ago: number };

export function sinceOf(text: string): Since {
  const ago = parseDuration(text);
  if (ago !== undefined) return { ago };
  try {
    return { at: momentOf(text) };
  } catch {
    const message = "It must be a duration such as 2h or 7d, or look like 2026-01-31 or 2026-01-31T06:00.";
    throw new InvalidArgumentError(message);
  }
}

export const momentBefore = (since: Since, now: number): number =>
  "at" in since ? since.at : now - since.ago;
