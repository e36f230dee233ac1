/** Whether a worker fetches the base image by itself, and who said so. */

import { FaultError } from "@haversack/base";
import type { PrefetchPolicy } from "@haversack/protocol";

export const prefetchVariable = "HAVERSACK_PREFETCH_BASE_IMAGE";

export interface SettledPrefetch {
  readonly policy: PrefetchPolicy;
  readonly source: "flag" | "environment" | "file" | "default";
}

const words: Readonly<Record<PrefetchPolicy, readonly string[]>> = {
  off: ["0", "false", "no", "off"],
  lazy: ["lazy", ""],
  eager: ["1", "true", "yes", "eager"],
};

/** The first that says something decides; one that says nothing sensible is refused, wherever it stands. */
export function settlePrefetch(
  flag: string | undefined,
  environment: string | undefined,
  file: string | undefined,
): SettledPrefetch {
  const asked = [
    { source: "flag", value: flag, name: "--prefetch-base-image" },
    { source: "environment", value: environment, name: prefetchVariable },
    { source: "file", value: file, name: "images.prefetch in worker.json" },
  ] as const;
  const parsed = asked.map(({ source, value, name }) => ({
    source,
    policy: value === undefined ? undefined : parsePrefetch(value, name),
    isSaid: value !== undefined && value.trim() !== "",
  }));
  for (const { source, policy, isSaid } of parsed)
    if (isSaid && policy !== undefined) return { policy, source };
  return { policy: "lazy", source: "default" };
}

function parsePrefetch(value: string, name: string): PrefetchPolicy {
  const word = value.trim().toLowerCase();
  for (const policy of ["off", "lazy", "eager"] as const) if (words[policy].includes(word)) return policy;
  const message = `${name}: expected off (0, false, no), lazy or eager (1, true, yes), found ${JSON.stringify(value)}`;
  throw new FaultError("invalid", "bad_option", message);
}
