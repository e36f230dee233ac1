/**
 * Hands a worker a secret for fetching images. There is no attempt whose right it could be, so it is the operator who says
 * which secrets workers may have, and of which pool; a worker that names any other one gets nothing and learns nothing.
 */

import { FaultError, type Log } from "@haversack/base";
import type { WorkerId } from "@haversack/protocol";
import type { RegistrySecret } from "../secrets/registry-secret.ts";
import type { Vault } from "../secrets/vault.ts";
import type { Store } from "../store/store.ts";

export interface RegistrySecretParts {
  readonly store: { readonly read: Pick<Store["read"], "workerIdentity"> };
  readonly vault: Pick<Vault, "open">;
  readonly registrySecrets: readonly RegistrySecret[];
  readonly ports: { readonly log: Log };
}

/** Rejects with `denied`, or `missing` when the vault has none of that name. */
export async function registrySecret(
  { store, vault, registrySecrets, ports }: RegistrySecretParts,
  { name, workerId }: { readonly name: string; readonly workerId: WorkerId },
): Promise<string> {
  const identity = await store.read.workerIdentity({ workerId });
  const isGiven = registrySecrets.some(
    (each) => each.name === name && (each.pool === undefined || each.pool === identity?.pool),
  );
  if (identity === undefined || !isGiven) {
    ports.log.warn({ worker: workerId }, "a secret was asked for that no worker may have for images");
    const message = `the coordinator was not told that this worker may have the secret ${JSON.stringify(name.slice(0, 80))} for fetching images (--registry-secret)`;
    throw new FaultError("denied", "registry_secret_denied", message);
  }
  const value = (await vault.open([name])).get(name);
  ports.log.info({ worker: workerId, secret: name }, "secret for fetching images handed out");
  return value ?? "";
}
