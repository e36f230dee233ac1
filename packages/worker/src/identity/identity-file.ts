/**
 * Who this worker is, in one file that only its owner reads (`identity.json`): its key or credential, which never leave
 * this folder, and what the coordinator made of them. Written before it is shown to anybody, so that a lost answer can
 * be asked for again.
 */

import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, type Random, readIfThere, writeDurably } from "@haversack/base";
import { newWorkerCredential, parseWorkerId, type WorkerId } from "@haversack/protocol";

export type Identity = CredentialIdentity | CertificateIdentity;

/** On the coordinator's machine. */
export interface CredentialIdentity {
  readonly kind: "credential";
  readonly workerId: WorkerId;
  readonly credential: string;
  readonly joined: boolean;
}

export interface CertificateIdentity {
  readonly kind: "certificate";
  readonly workerId: WorkerId;
  /** PKCS#8, PEM. */
  readonly key: string;
  /** SHA-256 of the authority's public key, base64url: whom it trusts. */
  readonly caPin: string;
  /** Absent: it has not joined yet. */
  readonly issued?: Issued;
}

export interface Issued {
  /** PEM. */
  readonly certificate: string;
  /** PEM of the authority. */
  readonly ca: string;
  /** Of the listener for workers. */
  readonly port: number;
  /** Wall clock, milliseconds. */
  readonly at: number;
}

const file = "identity.json";

/** Undefined: there is none. Rejects with FaultError `corrupt` for one that cannot be used. */
export async function readIdentity(folder: string): Promise<Identity | undefined> {
  const path = join(folder, file);
  const text = (await readIfThere(path))?.toString("utf8");
  if (text === undefined) return undefined;
  const identity = parse(text);
  if (identity === undefined) {
    const message = `${path} is damaged: remove it and worker-id, and join again`;
    throw new FaultError("corrupt", "bad_identity", message);
  }
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return identity;
  const message = `${path} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 it, or revoke the worker and join again if others may have read it`;
  throw new FaultError("denied", "identity_readable", message);
}

function parse(text: string): Identity | undefined {
  try {
    const identity = JSON.parse(text) as Partial<Identity>;
    parseWorkerId(String(identity.workerId));
    if (identity.kind === "credential" && typeof identity.credential === "string")
      return identity as Identity;
    if (identity.kind === "certificate" && typeof identity.key === "string") return identity as Identity;
    return undefined;
  } catch {
    return undefined;
  }
}

export async function writeIdentity(folder: string, identity: Identity): Promise<void> {
  await writeDurably(join(folder, file), `${JSON.stringify(identity, undefined, 2)}\n`, 0o600);
}

export async function newCertificateIdentity(
  workerId: WorkerId,
  caPin: string,
): Promise<CertificateIdentity> {
  const { newWorkerKey } = await import("./certificate-request.ts");
  return { kind: "certificate", workerId, key: newWorkerKey(), caPin };
}

export const newCredentialIdentity = (workerId: WorkerId): CredentialIdentity => ({
  kind: "credential",
  workerId,
  credential: newWorkerCredential(),
  joined: false,
});

/** Stays the same over restarts, so that the coordinator knows whose leases are void. */
export async function readWorkerId(folder: string, random: Random): Promise<WorkerId> {
  const path = join(folder, "worker-id");
  const stored = await readIfThere(path);
  if (stored !== undefined) return parseWorkerId(stored.toString("utf8").trim());
  const fresh = parseWorkerId(random.id());
  // What another worker was given is not this one's to report about.
  await rm(join(folder, "spool"), { recursive: true, force: true });
  await writeDurably(path, `${fresh}\n`);
  return fresh;
}
