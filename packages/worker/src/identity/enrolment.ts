/** Becomes a worker of the coordinator, and stays one: joins once, renews its certificate from half of its time on. */

import { createPublicKey, X509Certificate } from "node:crypto";
import {
  FaultError,
  faultOf,
  fullJitter,
  invariant,
  type Ms,
  messageOf,
  type Ports,
  pause,
} from "@haversack/base";
import { type JoinToken, joinTokenText, keyDigest, secretDigest } from "@haversack/protocol";
import { type Access, bearer, proofOf } from "./access.ts";
import { join, rejoin, renew } from "./calls.ts";
import {
  type CertificateIdentity,
  type CredentialIdentity,
  type Identity,
  type Issued,
  writeIdentity,
} from "./identity-file.ts";
import { trustedCa } from "./trust-ca.ts";

export interface EnrolmentParts {
  readonly folder: string;
  /** At least one; each is tried in its turn. */
  readonly urls: readonly URL[];
  readonly access: Access;
  readonly ports: Ports;
  /** What lets it join; absent: it must have joined before. */
  readonly joinToken?: JoinToken;
  readonly token?: string;
}

/** Whom to ask, and until when. */
interface At {
  readonly url: URL;
  readonly signal: AbortSignal;
  readonly deadline: Ms;
}

const callMs: Ms = 20_000;
const floorMs: Ms = 500;
const capMs: Ms = 30_000;
const renewCapMs: Ms = 10 * 60_000;

/** Resolves once it is a worker of the coordinator, however long that is away. Rejects when asking again cannot help. */
export async function enrol(parts: EnrolmentParts, signal: AbortSignal): Promise<void> {
  const { identity } = parts.access;
  if (isJoined(identity) && !isOver(identity, parts)) return;
  await untilDone(parts, capMs, signal, (at) =>
    isJoined(identity) ? rejoinNow(parts, at) : joinNow(parts, at),
  );
}

const isJoined = (identity: Identity): boolean =>
  identity.kind === "credential" ? identity.joined : identity.issued !== undefined;

function isOver(identity: Identity, { ports }: EnrolmentParts): boolean {
  return (
    identity.kind === "certificate" &&
    identity.issued !== undefined &&
    endOf(identity.issued) <= ports.clock.now()
  );
}

/** A coordinator that has forgotten the worker, such as for a restored database, is asked once more. */
export async function enrolAgain(parts: EnrolmentParts, signal: AbortSignal): Promise<boolean> {
  const { identity } = parts.access;
  if (identity.kind !== "credential" || parts.token === undefined) return false;
  await untilDone(parts, capMs, signal, (at) => joinNow(parts, at));
  return true;
}

async function joinNow(parts: EnrolmentParts, at: At): Promise<void> {
  const { identity } = parts.access;
  const next =
    identity.kind === "credential"
      ? await joinHere(identity, parts, at)
      : await joinAfar(identity, parts, at);
  await become(parts, next);
  parts.ports.log.info({ worker: next.workerId, by: next.kind }, "joined");
}

async function joinHere(
  identity: CredentialIdentity,
  parts: EnrolmentParts,
  { url, signal, deadline }: At,
): Promise<Identity> {
  const { workerId, credential } = identity;
  const token = parts.joinToken === undefined ? parts.token : joinTokenText(parts.joinToken);
  if (token === undefined) throw nothingToJoinWith();
  const value = new Uint8Array(Buffer.from(secretDigest(credential), "hex"));
  const asked = { channel: parts.access.channel(url), metadata: bearer(token), signal, deadline };
  await join(asked, { workerId, proof: { case: "credentialHash", value } });
  return { ...identity, joined: true };
}

async function joinAfar(
  identity: CertificateIdentity,
  parts: EnrolmentParts,
  { url, signal, deadline }: At,
): Promise<Identity> {
  const { access, joinToken } = parts;
  if (joinToken === undefined) throw nothingToJoinWith();
  const ca = await trustedCa(url, identity.caPin, signal);
  const asked = {
    channel: access.joining(url, ca),
    metadata: bearer(joinTokenText(joinToken)),
    signal,
    deadline,
  };
  const value = await requestFor(identity);
  const answer = await join(asked, { workerId: identity.workerId, proof: { case: "csr", value } });
  return { ...identity, issued: issuedBy(answer, ca, identity, parts.ports) };
}

/** Asks the API for another certificate of the same key: the one that it has is good for nothing any more. */
async function rejoinNow(parts: EnrolmentParts, { url, signal, deadline }: At): Promise<void> {
  const { identity } = parts.access;
  if (identity.kind !== "certificate" || identity.issued === undefined) return;
  const { ca } = identity.issued;
  const asked = {
    channel: parts.access.joining(url, ca),
    metadata: bearer(proofOf(identity)),
    signal,
    deadline,
  };
  const answer = await rejoin(asked, await requestFor(identity));
  await become(parts, { ...identity, issued: issuedBy(answer, ca, identity, parts.ports) });
  parts.ports.log.info({ worker: identity.workerId }, "the certificate had expired; there is a new one");
}

async function renewNow(
  identity: CertificateIdentity,
  ca: string,
  parts: EnrolmentParts,
  { url, signal, deadline }: At,
): Promise<void> {
  const { access, ports } = parts;
  const asked = { channel: access.channel(url), metadata: access.metadata(), signal, deadline };
  const answer = await renew(asked, await requestFor(identity));
  const issued = issuedBy(answer, ca, identity, ports);
  await become(parts, { ...identity, issued });
  ports.log.info(
    { worker: identity.workerId, expires: new Date(endOf(issued)).toISOString() },
    "certificate renewed",
  );
}

/** Renews from half of its time on, for as long as it lives. Rejects when asking again cannot help. */
export async function keepCertificate(parts: EnrolmentParts, signal: AbortSignal): Promise<void> {
  const { clock, random } = parts.ports;
  while (!signal.aborted) {
    const { identity } = parts.access;
    if (identity.kind !== "certificate" || identity.issued === undefined) return;
    const { at, ca } = identity.issued;
    const half = (endOf(identity.issued) - at) / 2;
    await until(parts.ports, at + half * (1 + 0.1 * random.fraction()), signal);
    const over = () => isOver(identity, parts);
    await untilDone(parts, Math.min(renewCapMs, half / 5), signal, (at) =>
      over() ? rejoinNow(parts, at) : renewNow(identity, ca, parts, at),
    );
    await pause(clock, floorMs, signal);
  }
}

/** Clocks are set, and timers have a longest time: in pieces. */
async function until({ clock }: Ports, due: Ms, signal: AbortSignal): Promise<void> {
  const pieceMs = 60_000;
  for (let left = due - clock.now(); left > 0; left = due - clock.now())
    await pause(clock, Math.min(left, pieceMs), signal);
}

/** Asks one after the other, until somebody answers. */
async function untilDone(
  { urls, ports }: EnrolmentParts,
  cap: Ms,
  signal: AbortSignal,
  ask: (at: At) => Promise<void>,
): Promise<void> {
  const { clock, random, log } = ports;
  for (let tries = 1; !signal.aborted; tries++) {
    const url = urls[(tries - 1) % urls.length];
    invariant(url !== undefined, "a worker has an address to dial");
    try {
      return await ask({ url, signal, deadline: clock.now() + callMs });
    } catch (error) {
      if (signal.aborted) return;
      if (!["unavailable", "busy"].includes(faultOf(error))) throw error;
      const waitMs = fullJitter(random, tries, Math.min(floorMs, cap), cap);
      log.warn(
        { why: messageOf(error), coordinator: url.host, waitMs, tries },
        "not joined yet, asking again",
      );
      await pause(clock, waitMs, signal);
    }
  }
}

async function become({ folder, access }: EnrolmentParts, identity: Identity): Promise<void> {
  await writeIdentity(folder, identity);
  access.become(identity);
}

async function requestFor({ key }: CertificateIdentity): Promise<Uint8Array<ArrayBuffer>> {
  const { certificateRequest } = await import("./certificate-request.ts");
  return await certificateRequest(key);
}

interface Answer {
  readonly certificate: Uint8Array;
  readonly listener?: { readonly port: number } | undefined;
}

/** It is used only if it is for our key and of the authority that we trust. */
function issuedBy(
  { certificate, listener }: Answer,
  ca: string,
  { key }: CertificateIdentity,
  { clock }: Ports,
): Issued {
  const made = new X509Certificate(certificate);
  const own = new X509Certificate(ca);
  if (
    listener === undefined ||
    !made.verify(own.publicKey) ||
    keyDigest(made.publicKey) !== keyDigest(createPublicKey(key))
  )
    throw new FaultError(
      "corrupt",
      "bad_certificate",
      "the coordinator answered with a certificate that is not ours",
    );
  return { certificate: made.toString(), ca, port: listener.port, at: clock.now() };
}

const endOf = ({ certificate }: Issued): Ms => Date.parse(new X509Certificate(certificate).validTo);

function nothingToJoinWith(): FaultError {
  const message =
    "this worker has not joined yet and has nothing to join with: on the coordinator's machine use --coordinator-data DIR; elsewhere HAVERSACK_JOIN_TOKEN with what `haversack join-token create` printed";
  return new FaultError("invalid", "no_join_token", message);
}
