/** What ends of attempts change besides their steps: what is deployed, and what is remembered. */

import type { VerbContext } from "../verb.ts";
import type { Ending } from "./attempt-end-rows.ts";
import { endDeploys } from "./end-deploys.ts";
import { applyMemory } from "./memory-apply.ts";

export async function applyEffects(
  context: VerbContext,
  endings: readonly Ending[],
  now: number,
): Promise<void> {
  await endDeploys(context, endings, now);
  for (const { attempt, phase, result } of endings) {
    if (phase === "succeeded") await applyMemory(context, attempt, result?.memory ?? [], now);
  }
}
