/**
 * The cluster's own certificate authority: a P-256 key in a folder that only its owner reads, made when it is first
 * needed. It names workers, and the listeners that speak to them. One file holds key and certificate and appears whole,
 * so that two coordinators which share the folder and start at once have one authority.
 */

import { randomBytes, X509Certificate } from "node:crypto";
import { link, mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, type Ms, readIfThere, syncFolder, systemCodeOf, writeDurably } from "@haversack/base";
import { caPinOf, type WorkerId } from "@haversack/protocol";
import { workerUri } from "./spiffe.ts";
import type { KeyAndCertificate, Validity } from "./x509.ts";

export interface ClusterCa {
  /** 16 hexadecimal digits: the trust domain of all names that it gives. */
  readonly cluster: string;
  /** What a join token carries. */
  readonly pin: string;
  /** PEM. */
  readonly certificate: string;
  /** For a listener, under these names and addresses; the authority's certificate comes with it. */
  issueServer(names: readonly string[], now: Ms): Promise<KeyAndCertificate>;
  /** @param request PKCS#10, DER. Throws FaultError `invalid`. @returns PEM */
  issueWorker(id: WorkerId, request: Uint8Array<ArrayBuffer>, validity: Validity): Promise<string>;
}

const yearMs: Ms = 365 * 86_400_000;
const authorityTtlMs = 10 * yearMs;
export const serverTtlMs: Ms = 30 * 86_400_000;
const file = "ca.pem";
/** The certificate alone, for those who are to trust it. */
export const caCertificateFile = "ca.crt";

/** Opens the authority of a folder, or makes it. */
export async function openClusterCa(folder: string, now: Ms): Promise<ClusterCa> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, file);
  const stored = (await readIfThere(path)) ?? (await make(folder, path, now));
  const issuer = parse(stored.toString("latin1"), path);
  await requirePrivate(path);
  const certificate = new X509Certificate(issuer.certificate);
  const [, cluster] = /^URI:spiffe:\/\/([0-9a-f]{16})$/.exec(certificate.subjectAltName ?? "") ?? [];
  if (cluster === undefined || !certificate.ca) throw unusable(path, "is no authority of a cluster");
  await publish(join(folder, caCertificateFile), issuer.certificate);
  return authority(issuer, cluster, caPinOf(certificate.publicKey));
}

function authority(issuer: KeyAndCertificate, cluster: string, pin: string): ClusterCa {
  const { certificate } = issuer;
  return {
    cluster,
    pin,
    certificate,
    async issueServer(names, now) {
      const { generalName, issue, newKey } = await import("./x509.ts");
      const { key, publicKey } = await newKey();
      const own = { issuer, publicKey, subject: "haversack coordinator", usage: "serverAuth" } as const;
      const leaf = await issue({ ...own, names: names.map(generalName), now, ttlMs: serverTtlMs });
      return { key, certificate: `${leaf}\n${certificate}` };
    },
    async issueWorker(id, request, validity) {
      const { issue, requestedKey } = await import("./x509.ts");
      const publicKey = await requestedKey(request);
      const names = [{ type: "url", value: workerUri(cluster, id) }] as const;
      return await issue({ issuer, publicKey, subject: id, names, usage: "clientAuth", ...validity });
    },
  };
}

/** The name appears with the content, and only once. @returns what is there then */
async function make(folder: string, path: string, now: Ms): Promise<Buffer> {
  const { newAuthority } = await import("./x509.ts");
  const made = await newAuthority(randomBytes(8).toString("hex"), { now, ttlMs: authorityTtlMs });
  const whole = join(folder, `new.${randomBytes(6).toString("hex")}.pem`);
  await writeDurably(whole, `${made.key}${made.certificate}\n`, 0o600);
  try {
    await link(whole, path);
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw error;
  } finally {
    await rm(whole, { force: true });
  }
  await syncFolder(folder);
  return (await readIfThere(path)) ?? Buffer.alloc(0);
}

function parse(text: string, path: string): KeyAndCertificate {
  const part = (label: string) =>
    new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`).exec(text)?.[0];
  const [key, certificate] = [part("PRIVATE KEY"), part("CERTIFICATE")];
  if (key === undefined || certificate === undefined)
    throw unusable(path, "does not hold a key and a certificate");
  return { key: `${key}\n`, certificate: `${certificate}\n` };
}

/** Whoever reads the key can make workers. */
async function requirePrivate(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  const message = `${path} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 it; if others may have read it, remove the folder and let every worker join again`;
  throw new FaultError("denied", "ca_readable", message);
}

async function publish(path: string, certificate: string): Promise<void> {
  if ((await readIfThere(path))?.toString("latin1") === certificate) return;
  await writeDurably(path, certificate, 0o644);
}

function unusable(path: string, what: string): FaultError {
  const message = `${path} ${what}: restore it from a backup; without it every worker has to join again`;
  return new FaultError("corrupt", "bad_ca", message);
}
