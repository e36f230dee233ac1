/** Whether a file comes from whom it should: a detached Ed25519 signature, 64 bytes in base64, in a file beside it. */

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { FaultError, messageOf } from "@haversack/base";

/** @param path of a public key in PEM, for messages */
export function publicKeyOf(pem: Buffer, path: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw refused(`${path} is no public key in PEM (-----BEGIN PUBLIC KEY-----): ${messageOf(error)}`);
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw refused(
    `${path} is a key for ${key.asymmetricKeyType ?? "something else"}, expected one for Ed25519`,
  );
}

export interface Signed {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly signaturePath: string;
  readonly signature: string;
  readonly keyPath: string;
  readonly key: KeyObject;
}

/** Throws FaultError `invalid` when it does not. */
export function requireSigned({ path, bytes, signaturePath, signature, keyPath, key }: Signed): void {
  const text = signature.trim();
  if (!/^[A-Za-z0-9+/]{86}==$/.test(text))
    throw refused(`${signaturePath}: expected an Ed25519 signature, 64 bytes in base64`);
  if (verify(null, bytes, key, Buffer.from(text, "base64"))) return;
  const advice = "fetch both files again from the same release, or name the key of who published them";
  throw refused(`${path} does not fit its signature ${signaturePath} under the key ${keyPath}: ${advice}`);
}

const refused = (message: string): FaultError => new FaultError("invalid", "bad_image_signature", message);
