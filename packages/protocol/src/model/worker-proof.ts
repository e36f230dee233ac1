/** What a worker that has joined proves itself with, where a certificate does not. */

import { randomBytes } from "node:crypto";
import { isCanonical } from "./canonical-text.ts";

const credentialPattern = /^hw1_([A-Za-z0-9_-]{43})$/;

/** What a worker proves itself with where there is no TLS: made by the worker, told to the coordinator as a digest. */
export const newWorkerCredential = (): string => `hw1_${randomBytes(32).toString("base64url")}`;

export const isWorkerCredential = (text: string): boolean => credentialPattern.test(text);

/** What a worker signs with the key of an expired certificate, to get another one for the same key. */
export const rejoinText = "haversack worker: a certificate for this key";

/** Key (SPKI of P-256, DER) and signature (IEEE P1363) as one bearer token. */
export const keyProof = (spki: Buffer, signature: Buffer): string =>
  `hk1_${spki.toString("base64url")}_${signature.toString("base64url")}`;

/** Undefined: it is none. */
export function readKeyProof(
  text: string,
): { readonly spki: Buffer; readonly signature: Buffer } | undefined {
  const [, spki, signature] = /^hk1_([A-Za-z0-9_-]{122})_([A-Za-z0-9_-]{86})$/.exec(text) ?? [];
  if (!isCanonical(spki) || !isCanonical(signature)) return undefined;
  return { spki: Buffer.from(spki, "base64url"), signature: Buffer.from(signature, "base64url") };
}
