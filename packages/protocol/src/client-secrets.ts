/** The coordinator's vault, as a client uses it: values go in and never come out. */

import type { Client } from "@connectrpc/connect";
import { once } from "./calls.ts";
import type { SecretInfo } from "./model/secret.ts";
import type { SecretService } from "./services.ts";
import { required } from "./wire/fields.ts";
import { secretFromWire } from "./wire/secret-wire.ts";

/** Every method rejects with a FaultError. */
export interface SecretClient {
  /** @param value UTF-8 without NUL, 1 to 65,536 bytes */
  setSecret(name: string, value: Uint8Array, signal: AbortSignal): Promise<SecretInfo>;
  /** By name. */
  secrets(signal: AbortSignal): Promise<readonly SecretInfo[]>;
  removeSecret(name: string, signal: AbortSignal): Promise<void>;
  /** Seals all under a new master key. */
  rotateVaultKey(signal: AbortSignal): Promise<{ readonly keyId: string; readonly resealed: number }>;
}

export function secretClient(client: Client<typeof SecretService>): SecretClient {
  return {
    async setSecret(name, value, signal) {
      const asked = { name, value: new Uint8Array(value) };
      return secretFromWire(
        required((await once(client.setSecret(asked, { signal }), signal)).secret, "secret"),
      );
    },
    async secrets(signal) {
      return (await once(client.listSecrets({}, { signal }), signal)).secrets.map(secretFromWire);
    },
    async removeSecret(name, signal) {
      await once(client.removeSecret({ name }, { signal }), signal);
    },
    async rotateVaultKey(signal) {
      const { keyId, resealed } = await once(client.rotateVaultKey({}, { signal }), signal);
      return { keyId, resealed };
    },
  };
}
