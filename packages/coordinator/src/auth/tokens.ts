/**
 * Who may call what. Until identities have credentials of their own there are two tokens, made with the data folder:
 * one for people (`admin.token`), one for workers (`worker.token`), each in a file that only its owner reads. What a
 * caller may do follows from the token, never from a message.
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { FaultError, readIfThere, writeDurably } from "@haversack/base";

export type Role = "admin" | "worker";

export interface Tokens {
  /** Undefined: no token of ours. */
  roleOf(token: string): Role | undefined;
}

const files = { admin: "admin.token", worker: "worker.token" } as const satisfies Record<Role, string>;

/** Reads the tokens of a data folder, or makes them. */
export async function openTokens(folder: string): Promise<Tokens> {
  const hashes: [Role, Buffer][] = [];
  for (const role of ["admin", "worker"] as const) {
    hashes.push([role, sha256(await readOrMake(join(folder, files[role])))]);
  }
  return {
    roleOf(token) {
      const given = sha256(token);
      // Every hash is compared, in the same time, whatever the token is.
      return hashes.filter(([, hash]) => timingSafeEqual(hash, given)).map(([role]) => role)[0];
    },
  };
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

async function readOrMake(path: string): Promise<string> {
  const stored = (await readIfThere(path))?.toString("utf8").trim();
  if (stored === undefined) {
    const fresh = `hv1_${randomBytes(32).toString("base64url")}`;
    await writeDurably(path, `${fresh}\n`, 0o600);
    return fresh;
  }
  if (stored.length < 32) {
    const message = `${path} holds no token; remove the file and a new token is made at the next start`;
    throw new FaultError("corrupt", "bad_token_file", message);
  }
  return stored;
}
