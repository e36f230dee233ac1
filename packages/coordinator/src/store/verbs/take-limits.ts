/**
 * Keys and pools at the moment in which steps are claimed. Whoever claims holds the rows of what the steps take, counts
 * what the live attempts hold, and lets through what there is room for: so no limit is exceeded by any number of
 * coordinators, and nothing has to be given back by whatever ends an attempt (P9).
 */

import { present } from "@haversack/base";
import { admitted } from "../../runs/limits.ts";
import type { VerbContext } from "../verb.ts";
import { inUseOf, lockLimits, stateOf, usesOfQueues } from "./limit-state.ts";

/** @returns those that may start together, in their order */
export async function withinLimits<C extends { readonly queue?: number }>(
  context: VerbContext,
  claims: readonly C[],
): Promise<readonly C[]> {
  const gated = claims.flatMap(({ queue }) => queue ?? []);
  if (gated.length === 0) return claims;
  const uses = await usesOfQueues(context, gated);
  const limits = new Set([...uses.values()].flat().map(({ no }) => no));
  await lockLimits(context, limits);
  // Read anew under the lock: a pool's limit may have changed.
  const current = await usesOfQueues(context, gated);
  const inUse = await inUseOf(context, limits);
  // A step with limits that nobody knows any more does not start: that would be the wrong mistake.
  const known = claims.filter(({ queue }) => queue === undefined || current.has(queue));
  const ofUse = new Map([...current.values()].flat().map((each) => [each.use, each]));
  return admitted(
    known,
    ({ queue }) => (queue === undefined ? [] : (current.get(queue) ?? []).map(({ use }) => use)),
    (use) => stateOf(present(ofUse.get(use), "a use of these queues"), inUse),
  ).free;
}
