/** When workers are to dial again that are told goodbye, so that they do not all come back at once. */

import type { Ms, Random } from "@haversack/base";

const leastMs: Ms = 500;
/** What the next coordinator needs for one. */
const eachMs: Ms = 5;
const spreadMinMs: Ms = 1000;
/** Well before the shortest lease of a usual configuration ends. */
const spreadMaxMs: Ms = 8000;

/** @param workers that are told the same */
export function comeBackInMs(workers: number, random: Random): Ms {
  const spread = Math.min(spreadMaxMs, Math.max(spreadMinMs, workers * eachMs));
  return Math.round(leastMs + random.fraction() * spread);
}
