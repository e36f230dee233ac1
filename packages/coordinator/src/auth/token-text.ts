/**
 * The text of a token: `hv1_<id>_<secret>_<check sum>`. The id says where to look, the secret (32 random bytes) is the
 * proof, and the check sum tells a token that was cut or mistyped from one that is not valid.
 */

import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const form = /^(hv1_([0-9a-f]{12})_[\w-]{43})_([0-9a-f]{8})$/;
/** The tokens of a data folder have neither id nor check sum. */
const fileForm = /^hv1_[\w-]{43}$/;

export interface MadeToken {
  readonly id: string;
  /** Told once, and kept nowhere. */
  readonly text: string;
  readonly hash: string;
}

export function makeToken(): MadeToken {
  const id = randomBytes(6).toString("hex");
  const body = `hv1_${id}_${randomBytes(32).toString("base64url")}`;
  const text = `${body}_${checkSum(body)}`;
  return { id, text, hash: tokenHash(text) };
}

/** SHA-256 of the whole token, hex: 32 random bytes need no slower hash. */
export const tokenHash = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Undefined: no token of this kind. */
export function readToken(text: string): { readonly id: string } | "damaged" | undefined {
  if (!text.startsWith("hv1_") || fileForm.test(text)) return undefined;
  const [, body = "", id = "", sum] = form.exec(text) ?? [];
  return sum !== undefined && sum === checkSum(body) ? { id } : "damaged";
}

const checkSum = (body: string): string => crc32(body).toString(16).padStart(8, "0");
