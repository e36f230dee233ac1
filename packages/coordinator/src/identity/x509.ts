/** Certificates and requests for them. Loaded when the first one is needed: it is a fifth of a second of modules. */

import "reflect-metadata";
import { createPrivateKey, createPublicKey, type KeyObject, webcrypto } from "node:crypto";
import { isIP } from "node:net";
import { FaultError, type Ms } from "@haversack/base";
import * as x509 from "@peculiar/x509";

const signing = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const crypto = webcrypto;
/** Clocks of two machines differ. */
const backdatedMs: Ms = 5 * 60_000;
const requestBytesMax = 4096;

export interface KeyAndCertificate {
  /** PKCS#8, PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

export interface Validity {
  readonly now: Ms;
  readonly ttlMs: Ms;
}

export async function newAuthority(cluster: string, validity: Validity): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(signing, true, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=haversack ${cluster}`,
      serialNumber: serialNumber(),
      keys: { publicKey: keys.publicKey, privateKey: keys.privateKey },
      signingAlgorithm: signing,
      ...during(validity),
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        new x509.SubjectAlternativeNameExtension([{ type: "url", value: `spiffe://${cluster}` }]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      ],
    },
    crypto,
  );
  return { key: await pemOf(keys.privateKey), certificate: made.toString("pem") };
}

interface Issue extends Validity {
  readonly issuer: KeyAndCertificate;
  readonly publicKey: KeyObject;
  readonly subject: string;
  readonly names: readonly x509.JsonGeneralName[];
  readonly usage: "clientAuth" | "serverAuth";
}

/** PEM. */
export async function issue(asked: Issue): Promise<string> {
  const authority = new x509.X509Certificate(asked.issuer.certificate);
  const made = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: `CN=${asked.subject}`,
      issuer: authority.subject,
      signingKey: toCryptoKey(createPrivateKey(asked.issuer.key), ["sign"]),
      publicKey: toCryptoKey(asked.publicKey, ["verify"]),
      signingAlgorithm: signing,
      ...during(asked),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[asked.usage]]),
        new x509.SubjectAlternativeNameExtension([...asked.names]),
        await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey, false, crypto),
      ],
    },
    crypto,
  );
  return made.toString("pem");
}

export async function newKey(): Promise<{ readonly key: string; readonly publicKey: KeyObject }> {
  const keys = await webcrypto.subtle.generateKey(signing, true, ["sign", "verify"]);
  const key = await pemOf(keys.privateKey);
  return { key, publicKey: createPublicKey(key) };
}

/**
 * The public key of a request (PKCS#10, DER) whose sender has the private one. Nothing else of a request counts: what a
 * certificate says is decided here. Throws FaultError `invalid`.
 */
export async function requestedKey(request: Uint8Array<ArrayBuffer>): Promise<KeyObject> {
  if (request.length > requestBytesMax) throw badRequest(`has more than ${requestBytesMax} bytes`);
  let publicKey: KeyObject;
  let isSigned: boolean;
  try {
    const parsed = new x509.Pkcs10CertificateRequest(request);
    publicKey = createPublicKey({ key: Buffer.from(parsed.publicKey.rawData), format: "der", type: "spki" });
    isSigned = isP256(publicKey) && (await parsed.verify(crypto));
  } catch (error) {
    throw badRequest("is no PKCS#10 request", error);
  }
  if (!isP256(publicKey)) throw badRequest("is for another kind of key than P-256");
  if (!isSigned) throw badRequest("is not signed by its own key");
  return publicKey;
}

export const generalName = (name: string): x509.JsonGeneralName =>
  isIP(name) === 0 ? { type: "dns", value: name } : { type: "ip", value: name };

const isP256 = (key: KeyObject): boolean => key.asymmetricKeyDetails?.namedCurve === "prime256v1";

const during = ({ now, ttlMs }: Validity) => ({
  notBefore: new Date(now - backdatedMs),
  notAfter: new Date(now + ttlMs),
});

/** 16 random bytes, positive as a DER integer and never 0. */
function serialNumber(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

const toCryptoKey = (key: KeyObject, usages: ("sign" | "verify")[]): CryptoKey =>
  key.toCryptoKey(signing, true, usages);

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({
    type: "pkcs8",
    format: "pem",
  });
}

function badRequest(what: string, cause?: unknown): FaultError {
  return new FaultError("invalid", "bad_csr", `csr: the certificate request ${what}`, { cause });
}
