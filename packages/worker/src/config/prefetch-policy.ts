/** Whether a worker fetches the base image by itself, and who said so. */

import { FaultError } from "@haversack/base";
import { type PrefetchPolicy, parsePrefetchPolicy, prefetchWords } from "@haversack/protocol";

export const prefetchVariable = "HAVERSACK_PREFETCH_BASE_IMAGE";

export interface SettledPrefetch {
  readonly policy: PrefetchPolicy;
  readonly source: "flag" | "environment" | "file" | "default";
}

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
  const policy = parsePrefetchPolicy(value);
  if (policy !== undefined) return policy;
  const message = `${name}: expected ${prefetchWords}, found ${JSON.stringify(value)}`;
  throw new FaultError("invalid", "bad_option", message);
}
