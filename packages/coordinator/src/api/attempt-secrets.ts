/**
 * Hands an attempt the values that its task names: to the worker that holds it by a live lease, for the token that came
 * with the task, and never more than was declared when the run was submitted.
 */

import { FaultError, type Log } from "@haversack/base";
import type { AttemptRef } from "@haversack/protocol";
import type { Caller } from "../auth/caller.ts";
import type { AttemptTokens } from "../secrets/attempt-tokens.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";

export interface AttemptSecretsParts {
  readonly store: Store;
  readonly vault: Vault;
  readonly attemptTokens: AttemptTokens;
  readonly ports: { readonly log: Log };
}

export interface AttemptSecretsAsked {
  readonly ref: AttemptRef;
  readonly token: Uint8Array;
  readonly caller: Pick<Caller, "workerId">;
}

/** Values by their names. Rejects with `fenced`, `denied`, or the name of the secret that is not there. */
export async function attemptSecrets(
  { store, vault, attemptTokens, ports }: AttemptSecretsParts,
  { ref, token, caller }: AttemptSecretsAsked,
): Promise<ReadonlyMap<string, string>> {
  const held = await store.read.attemptSecrets({ ref });
  if (held === undefined)
    throw new FaultError("fenced", "not_live", "the attempt that this call is made for is not live");
  const { workerId, names } = held;
  const { runId: run, stepId: step, attempt } = ref;
  const isOther = caller.workerId !== undefined && caller.workerId !== workerId;
  if (isOther || !(await attemptTokens.isValid(token, ref, workerId))) {
    ports.log.warn({ run, step, attempt, worker: workerId }, "secrets were asked for with a wrong token");
    throw new FaultError(
      "denied",
      "bad_attempt_token",
      "the token is not that of this attempt and its worker",
    );
  }
  const values = await vault.open(names);
  ports.log.info({ run, step, attempt, worker: workerId, secrets: names }, "secrets handed out");
  return values;
}
