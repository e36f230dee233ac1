/**
 * What lets a worker join, as one text: `hj1_<id>_<secret>_<pin>`. Each part has a fixed length, so `_` in base64url is
 * no matter. The pin names the public key of the certificate authority whose listener the secret may be told to.
 */

import { createHash, type KeyObject, randomBytes } from "node:crypto";
import { FaultError } from "@haversack/base";
import { isCanonical } from "./canonical-text.ts";

export interface JoinToken {
  /** 16 hexadecimal digits: what it is called in lists and logs. */
  readonly id: string;
  /** 32 bytes, base64url. Nobody but the worker keeps it: the store has its digest. */
  readonly secret: string;
  /** SHA-256 of the authority's public key (SPKI, DER), base64url. */
  readonly caPin: string;
}

/** The name under which every listener of the API shows a certificate of the cluster's own authority. */
export const joinServerName = "join.haversack.internal";

const pattern = /^hj1_([0-9a-f]{16})_([A-Za-z0-9_-]{43})_([A-Za-z0-9_-]{43})$/;

export function newJoinToken(caPin: string): JoinToken {
  return {
    id: randomBytes(8).toString("hex"),
    secret: randomBytes(32).toString("base64url"),
    caPin,
  };
}

export const joinTokenText = ({ id, secret, caPin }: JoinToken): string => `hj1_${id}_${secret}_${caPin}`;

/** Throws FaultError `invalid`; the text is not echoed, for it may be a secret with a slip in it. */
export function parseJoinToken(text: string): JoinToken {
  const [, id, secret, caPin] = pattern.exec(text) ?? [];
  if (id !== undefined && isCanonical(secret) && isCanonical(caPin)) return { id, secret, caPin };
  const message =
    "a join token looks like hj1_<16 hex digits>_<43 characters>_<43 characters>; copy the whole line that `haversack join-token create` printed";
  throw new FaultError("invalid", "bad_join_token", message);
}

/** Of a secret: what is stored of it. Hexadecimal. */
export const secretDigest = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** Of a public key, hexadecimal: what a worker's row knows of its key. */
export const keyDigest = (key: KeyObject): string => spki(key).digest("hex");

/** Of the key of a certificate authority: what a join token carries. */
export const caPinOf = (key: KeyObject): string => spki(key).digest("base64url");

const spki = (key: KeyObject) => createHash("sha256").update(key.export({ type: "spki", format: "der" }));
