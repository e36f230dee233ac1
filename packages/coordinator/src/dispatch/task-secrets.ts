/** What a task says of secrets: names, and the token that shows for which attempt their values are asked. */

import type { TaskSecrets } from "@haversack/protocol";
import type { AttemptTokens } from "../secrets/attempt-tokens.ts";
import { secretsOfPack } from "../secrets/pack-secrets.ts";
import type { StoredPack } from "../store/verbs/snapshot-verbs.ts";
import type { Claimed } from "../store/verbs/step-verbs.ts";

/** Undefined, at once, for the steps that name none: that is what nearly all do. */
export function taskSecrets(
  claimed: Claimed,
  pack: StoredPack | undefined,
  tokens: AttemptTokens,
): Promise<TaskSecrets> | undefined {
  const { secrets: variables = [] } = claimed.spec;
  const ofPack = secretsOfPack(pack?.secrets ?? []);
  if (variables.length === 0 && ofPack.length === 0) return undefined;
  return withToken({ variables, ofPack }, claimed, tokens);
}

async function withToken(
  names: Pick<TaskSecrets, "variables" | "ofPack">,
  { runId, stepId, generation, attempt, workerId }: Claimed,
  tokens: AttemptTokens,
): Promise<TaskSecrets> {
  const isOfVault = names.ofPack.length > 0 || names.variables.some(({ from }) => "secret" in from);
  if (!isOfVault) return { ...names, token: new Uint8Array() };
  return { ...names, token: await tokens.make({ runId, stepId, generation, attempt }, workerId) };
}
