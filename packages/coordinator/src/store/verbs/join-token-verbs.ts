/** Join tokens: made by a person, used by workers, forgotten a while after their end. */

import { FaultError } from "@haversack/base";
import { integer, json, text, textOrNone } from "../rows.ts";
import type { Row } from "../statement.ts";
import { clusterCaGet, clusterCaName, clusterCaReplace } from "../statements/identity.ts";
import {
  joinTokenErase,
  joinTokenInsert,
  joinTokensForget,
  joinTokensOpen,
  joinTokenUse,
  joinTokenRead as read,
} from "../statements/join-token.ts";
import type { VerbContext } from "../verb.ts";

export type Labels = Readonly<Record<string, string>>;

export interface StoredJoinToken {
  readonly id: string;
  readonly secretHash: string;
  readonly pool?: string;
  readonly labels: Labels;
  readonly usesLeft: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** For this long after its end somebody who comes late is told that it is over. */
const toldForMs = 30 * 86_400_000;
const openMax = 1000;

export async function joinTokenCreate({ tx }: VerbContext, token: StoredJoinToken): Promise<void> {
  const { id, secretHash, pool, labels, usesLeft, createdBy, createdAt, expiresAt } = token;
  await tx.run(joinTokensForget, createdAt - toldForMs);
  const texts = [id, secretHash, pool ?? null, JSON.stringify(labels)] as const;
  await tx.run(joinTokenInsert, ...texts, usesLeft, createdBy, createdAt, expiresAt);
}

export async function joinTokenRead(
  { tx }: VerbContext,
  { id }: { readonly id: string },
): Promise<StoredJoinToken | undefined> {
  const row = await tx.one(read, id);
  return row === undefined ? undefined : tokenOfRow(row);
}

/** Those that still let somebody join, by their time. */
export async function joinTokensList(
  { tx }: VerbContext,
  { now }: { readonly now: number },
): Promise<StoredJoinToken[]> {
  return (await tx.all(joinTokensOpen, now, openMax)).map(tokenOfRow);
}

/** @returns whether it was there */
export async function joinTokenDelete(
  { tx }: VerbContext,
  { id }: { readonly id: string },
): Promise<boolean> {
  return (await tx.run(joinTokenErase, id)) > 0;
}

/** One use of it. Throws FaultError `denied`. @returns the columns */
export async function useJoinToken(
  { tx }: VerbContext,
  { id, secretHash, now }: { readonly id: string; readonly secretHash: string; readonly now: number },
): Promise<{ readonly pool: string | null; readonly labels: string }> {
  const used = await tx.one(joinTokenUse, id, secretHash, now);
  if (used !== undefined) return { pool: textOrNone(used, "pool") ?? null, labels: text(used, "labels") };
  const row = await tx.one(read, id);
  const known = row !== undefined && text(row, "secret_hash") === secretHash;
  const [code, what] = !known
    ? (["join_token_unknown", "is not known here"] as const)
    : integer(row, "uses_left") === 0
      ? (["join_token_used", "was used up"] as const)
      : (["join_token_expired", "has expired"] as const);
  const message = `join token ${id} ${what}: make a new one with \`haversack join-token create\``;
  throw new FaultError("denied", code, message);
}

function tokenOfRow(row: Row): StoredJoinToken {
  const pool = textOrNone(row, "pool");
  return {
    id: text(row, "id"),
    secretHash: text(row, "secret_hash"),
    ...(pool === undefined ? {} : { pool }),
    labels: json<Labels>(row, "labels"),
    usesLeft: integer(row, "uses_left"),
    createdBy: text(row, "created_by"),
    createdAt: integer(row, "created_at"),
    expiresAt: integer(row, "expires_at"),
  };
}

/** Whose names count in this database. The first one stays, unless it is replaced. @returns the pin that counts */
export async function clusterCaPin(
  { tx }: VerbContext,
  { pin, replace }: { readonly pin: string; readonly replace: boolean },
): Promise<string> {
  await tx.run(clusterCaName, pin);
  if (replace) await tx.run(clusterCaReplace, pin);
  const row = await tx.one(clusterCaGet);
  return row === undefined ? pin : text(row, "pin");
}
