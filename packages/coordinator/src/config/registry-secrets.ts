/** Which secrets of the vault workers may have for fetching images: those that were said, and no others. */

import { FaultError } from "@haversack/base";
import { isSecretName } from "@haversack/protocol";
import type { RegistrySecret } from "../secrets/registry-secret.ts";
import type { CoordinatorAsked } from "./options.ts";

const countMax = 64;

/** Throws FaultError `invalid`. */
export function settleRegistrySecrets(
  { registrySecrets }: CoordinatorAsked,
  env: NodeJS.ProcessEnv,
): readonly RegistrySecret[] {
  const said = registrySecrets ?? (env["HAVERSACK_REGISTRY_SECRETS"] ?? "").split(",");
  const texts = said.map((text) => text.trim()).filter((text) => text !== "");
  if (texts.length > countMax) throw bad(`at most ${countMax} of them`, String(texts.length));
  return texts.map((text) => {
    const [name = "", pool, ...rest] = text.split("@");
    if (!isSecretName(name) || pool === "" || rest.length > 0)
      throw bad("the name of a secret such as registry-pull, or registry-pull@POOL", text);
    return pool === undefined ? { name } : { name, pool };
  });
}

function bad(expected: string, found: string): FaultError {
  const message = `--registry-secret (HAVERSACK_REGISTRY_SECRETS): expected ${expected}, found ${JSON.stringify(found)}`;
  return new FaultError("invalid", "bad_option", message);
}
