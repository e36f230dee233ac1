/** The credentials of workers: certificate, credential of a worker without TLS, join token, proof of an expired key. */

import { createHash, createPublicKey, timingSafeEqual, verify, type X509Certificate } from "node:crypto";
import { isIPv4 } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock, Ms } from "@haversack/base";
import {
  isWorkerCredential,
  parseJoinToken,
  readKeyProof,
  rejoinText,
  secretDigest,
} from "@haversack/protocol";
import { type Authenticator, unauthenticated } from "../auth/authenticate.ts";
import type { Caller, Peer } from "../auth/caller.ts";
import type { Store } from "../store/store.ts";
import type { WorkerIdentity } from "../store/verbs/identity-verbs.ts";
import { workerNamedBy } from "./spiffe.ts";

export interface CredentialParts {
  readonly store: Pick<Store, "read">;
  readonly clock: Clock;
  /** A credential without TLS is taken from other machines, too. */
  readonly insecure: boolean;
}

/** Laptops sleep. */
const rejoinForMs: Ms = 30 * 86_400_000;

/** On the listener of workers: the handshake has checked that the certificate is of the authority. */
export function byCertificate({ store, clock }: CredentialParts, cluster: string): Authenticator {
  return async ({ peer }) => {
    const certificate = certificateOf(peer);
    if (certificate === undefined) return undefined;
    const workerId = workerNamedBy(certificate, cluster);
    if (workerId === undefined) throw unauthenticated("the certificate names no worker of this cluster");
    if (Date.parse(certificate.validTo) < clock.now()) throw unauthenticated("the certificate has expired");
    const identity = requireGood(await store.read.workerIdentity({ workerId }));
    const key = keyHashOf(certificate);
    if (key !== identity.keyHash && key !== identity.oldKeyHash) throw stranger();
    return caller("certificate", "worker", identity);
  };
}

export function workerCredentials(parts: CredentialParts): Authenticator[] {
  return [byCredential(parts), byJoinToken(parts), byKeyProof(parts)];
}

function byCredential({ store, insecure }: CredentialParts): Authenticator {
  return async ({ token, peer }) => {
    if (token === undefined || !isWorkerCredential(token)) return undefined;
    if (!insecure && !isLocal(peer)) throw unauthenticated(notFromAfar);
    const identity = await store.read.workerIdentity({ credentialHash: secretDigest(token) });
    return caller("credential", "worker", requireGood(identity));
  };
}

/** Whether it still lets somebody join, the transaction decides that consumes it. */
function byJoinToken({ store }: CredentialParts): Authenticator {
  return async ({ token: text }) => {
    if (text?.startsWith("hj1_") !== true) return undefined;
    const token = known(text);
    const stored = token === undefined ? undefined : await store.read.joinTokenRead({ id: token.id });
    if (token === undefined || stored === undefined || !isSame(stored.secretHash, secretDigest(token.secret)))
      throw unauthenticated("the join token is not known here: make one with `haversack join-token create`");
    return { kind: "join", id: token.id, role: "join", name: `join token ${token.id}` };
  };
}

/** What it may do with it is ask for a certificate of the same key. So it does no harm that the proof never changes. */
function byKeyProof({ store, clock }: CredentialParts): Authenticator {
  return async ({ token }) => {
    const proof = token === undefined ? undefined : readKeyProof(token);
    if (proof === undefined) return undefined;
    const { spki, signature } = proof;
    const keyHash = createHash("sha256").update(spki).digest("hex");
    const identity = requireGood(await store.read.workerIdentity({ keyHash }));
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    if (!verify("sha256", Buffer.from(rejoinText), { key, dsaEncoding: "ieee-p1363" }, signature))
      throw stranger();
    if ((identity.certificateExpiresAt ?? 0) + rejoinForMs < clock.now())
      throw unauthenticated(
        "the certificate expired more than 30 days ago: join again with a new join token",
      );
    return caller("certificate", "join", identity);
  };
}

function known(text: string) {
  try {
    return parseJoinToken(text);
  } catch {
    return undefined;
  }
}

const caller = (kind: Caller["kind"], role: "worker" | "join", { workerId }: WorkerIdentity): Caller => ({
  kind,
  id: workerId,
  role,
  name: `worker ${workerId}`,
  workerId,
});

function requireGood(identity: WorkerIdentity | undefined): WorkerIdentity {
  if (identity === undefined) throw stranger();
  if (identity.revokedAt !== undefined) throw unauthenticated("this worker was revoked");
  return identity;
}

const stranger = () => unauthenticated("this coordinator does not know this worker: join again");

const notFromAfar =
  "from another machine a worker proves itself with a certificate: join with a join token over https";

const isSame = (stored: string, given: string): boolean =>
  stored.length === given.length && timingSafeEqual(Buffer.from(stored), Buffer.from(given));

/** The certificate that the other end has shown and the handshake has accepted. */
export function certificateOf({ socket }: Peer): X509Certificate | undefined {
  const secured = socket as Partial<TLSSocket> | undefined;
  return secured?.authorized === true ? secured.getPeerX509Certificate?.() : undefined;
}

export function keyHashOf(certificate: X509Certificate): string {
  const der = certificate.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex");
}

/** A process of this machine. */
export function isLocal({ address }: Peer): boolean {
  const plain = address.replace(/^::ffff:/i, "");
  return plain === "::1" || (isIPv4(plain) && plain.startsWith("127."));
}
