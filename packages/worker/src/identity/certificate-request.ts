/** The worker's own P-256 key, and what it asks a certificate with. Loaded when it is needed: it is many modules. */

import "reflect-metadata";
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const signing = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** PKCS#8, PEM. It never leaves the worker's data folder. */
export function newWorkerKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" });
}

/** PKCS#10, DER. It names nobody: who the certificate is for, the coordinator decides. */
export async function certificateRequest(key: string): Promise<Uint8Array<ArrayBuffer>> {
  const privateKey = createPrivateKey(key).toCryptoKey(signing, true, ["sign"]);
  const publicKey = createPublicKey(key).toCryptoKey(signing, true, ["verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    {
      name: "CN=haversack worker",
      keys: { privateKey: privateKey, publicKey: publicKey },
      signingAlgorithm: signing,
    },
    webcrypto,
  );
  return new Uint8Array(request.rawData);
}
