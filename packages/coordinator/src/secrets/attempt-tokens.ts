/**
 * The tokens by which an attempt shows that it was given its task: 32 bytes that nobody can make who has not the vault's
 * key. They follow from the attempt and its worker, so nothing is written when a step is handed out, a coordinator that
 * was restarted knows them still, and so does every other one that shares the vault.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { type AttemptRef, refKey, type WorkerId } from "@haversack/protocol";
import type { Vault } from "./vault.ts";

export interface AttemptTokens {
  make(ref: AttemptRef, workerId: WorkerId): Promise<Buffer>;
  /** @param workerId who holds the attempt, by the store */
  isValid(token: Uint8Array, ref: AttemptRef, workerId: WorkerId): Promise<boolean>;
}

export function attemptTokens(vault: Vault): AttemptTokens {
  let key: Promise<Buffer> | undefined;
  const make = async (ref: AttemptRef, workerId: WorkerId): Promise<Buffer> => {
    key ??= vault.ownKey("attempt-tokens");
    key.catch(() => {
      key = undefined;
    });
    return createHmac("sha256", await key)
      .update(`${refKey(ref)}\0${workerId}`)
      .digest();
  };
  return {
    make,
    async isValid(token, ref, workerId) {
      const expected = await make(ref, workerId);
      return token.length === expected.length && timingSafeEqual(token, expected);
    },
  };
}
