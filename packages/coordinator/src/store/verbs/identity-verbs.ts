/**
 * Who a worker is. Its row is made when it joins and is the truth from then on: pool and labels that give rights come
 * from it, a certificate counts only while the row knows its key, and a revoked worker stays revoked.
 */

import { FaultError } from "@haversack/base";
import { parseWorkerId, type WorkerId } from "@haversack/protocol";
import { integerOrNone, json, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import {
  identitiesRevoked,
  identityInsert,
  identityOfCredential,
  identityOfKey,
  identityOfWorker,
  identityRenew,
} from "../statements/identity.ts";
import type { VerbContext } from "../verb.ts";
import { type Labels, useJoinToken } from "./join-token-verbs.ts";

export interface WorkerIdentity {
  readonly workerId: WorkerId;
  /** Id of a join token; empty: it says itself what its labels are. */
  readonly joinedBy: string;
  readonly pool?: string;
  readonly labels: Labels;
  readonly keyHash?: string;
  readonly oldKeyHash?: string;
  readonly credentialHash?: string;
  readonly certificateExpiresAt?: number;
  readonly revokedAt?: number;
}

/** What the worker will prove itself with; one of the two. */
export type Proof =
  | { readonly kind: "credential"; readonly hash: string }
  | { readonly kind: "key"; readonly hash: string; readonly expiresAt: number };

export interface Joining {
  readonly workerId: WorkerId;
  /** Absent: the caller may join without one. */
  readonly token?: { readonly id: string; readonly secretHash: string };
  readonly proof: Proof;
  readonly now: number;
}

/**
 * Consumes the token and writes the worker's row. The same worker with the same proof may ask again: its answer was
 * lost. Throws FaultError `denied` for a token that is unknown, used or late, `conflict` for an id that is taken.
 */
export async function workerJoin(context: VerbContext, joining: Joining): Promise<WorkerIdentity> {
  const { workerId, token, proof, now } = joining;
  const before = await identityOf(context, workerId);
  if (before !== undefined) return again(before, joining);
  const { pool, labels } =
    token === undefined ? { pool: null, labels: "{}" } : await useJoinToken(context, { ...token, now });
  const [credential, key] = proof.kind === "key" ? [null, proof.hash] : [proof.hash, null];
  const expiresAt = proof.kind === "key" ? proof.expiresAt : null;
  const row = [workerId, token?.id ?? "", pool, labels, credential, key, expiresAt, now];
  const inserted = await context.tx.run(identityInsert, ...row);
  // Another one was faster, or has this key or credential.
  if (inserted === 0) throw taken();
  return required(await identityOf(context, workerId));
}

function again(before: WorkerIdentity, { token, proof }: Joining): WorkerIdentity {
  const hash = proof.kind === "key" ? before.keyHash : before.credentialHash;
  const isSame = hash === proof.hash && before.joinedBy === (token?.id ?? "");
  if (!isSame) throw taken();
  requireNotRevoked(before);
  return before;
}

export interface Renewal {
  readonly workerId: WorkerId;
  /** Of the certificate that is shown. */
  readonly shownKeyHash: string;
  /** Of the certificate that is asked for. */
  readonly keyHash: string;
  readonly expiresAt: number;
  readonly now: number;
}

/** Throws FaultError `denied` when the worker is revoked or the key is not its own. */
export async function workerRenew(context: VerbContext, renewal: Renewal): Promise<void> {
  const { workerId, shownKeyHash, keyHash, expiresAt, now } = renewal;
  const renewed = await context.tx.run(identityRenew, workerId, shownKeyHash, keyHash, expiresAt, now);
  if (renewed > 0) return;
  const identity = await identityOf(context, workerId);
  if (identity !== undefined) requireNotRevoked(identity);
  throw new FaultError("denied", "unknown_key", "this coordinator knows no worker with this key: join again");
}

export async function workerIdentity(
  context: VerbContext,
  asked: { readonly workerId: WorkerId } | { readonly credentialHash: string } | { readonly keyHash: string },
): Promise<WorkerIdentity | undefined> {
  if ("workerId" in asked) return await identityOf(context, asked.workerId);
  if ("keyHash" in asked) return identityOfRow(await context.tx.one(identityOfKey, asked.keyHash));
  return identityOfRow(await context.tx.one(identityOfCredential, asked.credentialHash));
}

/** Ids. */
export async function workersRevoked({ tx }: VerbContext): Promise<WorkerId[]> {
  return (await tx.all(identitiesRevoked)).map((row) => parseWorkerId(text(row, "worker_id")));
}

export async function identityOf(
  { tx }: VerbContext,
  workerId: WorkerId,
): Promise<WorkerIdentity | undefined> {
  return identityOfRow(await tx.one(identityOfWorker, workerId));
}

function identityOfRow(row: Row | undefined): WorkerIdentity | undefined {
  if (row === undefined) return undefined;
  const pool = textOrNone(row, "pool");
  const keyHash = textOrNone(row, "key_hash");
  const oldKeyHash = textOrNone(row, "old_key_hash");
  const credentialHash = textOrNone(row, "credential_hash");
  const certificateExpiresAt = integerOrNone(row, "certificate_expires_at");
  const revokedAt = integerOrNone(row, "revoked_at");
  return {
    workerId: parseWorkerId(text(row, "worker_id")),
    joinedBy: text(row, "joined_by"),
    labels: json<Labels>(row, "labels"),
    ...(pool === undefined ? {} : { pool }),
    ...(keyHash === undefined ? {} : { keyHash }),
    ...(oldKeyHash === undefined ? {} : { oldKeyHash }),
    ...(credentialHash === undefined ? {} : { credentialHash }),
    ...(certificateExpiresAt === undefined ? {} : { certificateExpiresAt }),
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}

export function requireNotRevoked({ workerId, revokedAt }: WorkerIdentity): void {
  if (revokedAt === undefined) return;
  const message = `worker ${workerId} was revoked; join again under a new id: remove the worker's data folder`;
  throw new FaultError("denied", "worker_revoked", message);
}

function required(identity: WorkerIdentity | undefined): WorkerIdentity {
  if (identity === undefined) throw new FaultError("bug", "no_identity", "the row was just written");
  return identity;
}

function taken(): FaultError {
  const message =
    "another worker has this id: its data folder was copied, or has lost identity.json; remove worker-id in the new one and it gets an id of its own";
  return new FaultError("conflict", "worker_id_taken", message);
}
