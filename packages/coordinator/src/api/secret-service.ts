/** SecretService: decode, call, encode. There is no way for a value out. */

import type { ServiceImpl } from "@connectrpc/connect";
import { type SecretService, secretToWire } from "@haversack/protocol";
import { callerIn } from "../auth/caller.ts";
import type { Vault } from "../secrets/vault.ts";

export function secretService(vault: Vault): ServiceImpl<typeof SecretService> {
  return {
    async setSecret({ name, value }, { values }) {
      return { secret: secretToWire(await vault.set({ name, value, by: callerIn(values).name })) };
    },
    async listSecrets() {
      return { secrets: (await vault.list()).map(secretToWire) };
    },
    async removeSecret({ name }) {
      await vault.remove(name);
      return {};
    },
    async rotateVaultKey() {
      return await vault.rotateKey();
    },
  };
}
