/** When a worker fetches the base image, and how people write it. */

export const prefetchPolicies = ["off", "lazy", "eager"] as const;
/** Whether the base image is fetched never by itself, with the first deploy, or when a worker starts. */
export type PrefetchPolicy = (typeof prefetchPolicies)[number];

const policyWords: Readonly<Record<PrefetchPolicy, readonly string[]>> = {
  off: ["0", "false", "no", "off"],
  lazy: ["lazy", ""],
  eager: ["1", "true", "yes", "eager"],
};
/** For messages. */
export const prefetchWords = "off (or 0, false, no), lazy, or eager (or 1, true, yes)";

/** In any case, with spaces around it; nothing means `lazy`. Undefined: it is none of the words. */
export function parsePrefetchPolicy(text: string): PrefetchPolicy | undefined {
  const word = text.trim().toLowerCase();
  return prefetchPolicies.find((policy) => policyWords[policy].includes(word));
}
