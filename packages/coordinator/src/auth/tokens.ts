/**
 * The first two credentials, made with the data folder: one for people (`admin.token`), one for workers
 * (`worker.token`), each in a file that only its owner reads. They do not expire: whoever reads the folder may do
 * everything anyway.
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { FaultError, readIfThere, writeDurably } from "@haversack/base";
import type { Authenticator } from "./authenticate.ts";
import type { Caller } from "./caller.ts";

const files = { admin: "admin.token", worker: "worker.token" } as const;

/** Reads the tokens of a data folder, or makes them. */
export async function openTokens(folder: string): Promise<Authenticator> {
  const known: { readonly caller: Caller; readonly hash: Buffer }[] = [];
  for (const role of ["admin", "worker"] as const) {
    const hash = sha256(await readOrMake(join(folder, files[role])));
    known.push({ caller: { kind: "file", id: role, role, name: role }, hash });
  }
  return ({ token }) => {
    const given = sha256(token ?? "");
    // Every hash is compared, in the same time, whatever the token is.
    return known.filter(({ hash }) => timingSafeEqual(hash, given))[0]?.caller;
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
